"""The words of the audit log: every act that is recorded, and who can act."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | bool | None


class Actor(StrEnum):
    """Who acted."""

    clinician = "clinician"
    patient = "patient"
    guest = "guest"
    administrator = "administrator"
    system = "system"
    operator = "operator"


@dataclass(frozen=True)
class By:
    """An actor: its kind and an opaque reference (EHR user id, participant, issuer and subject, job)."""

    actor: Actor
    ref: str


class Act(StrEnum):
    """``room:subject:act``; a word is never renamed, since old entries keep it."""

    organisation_created = "tenancy:organisation:created"
    organisation_changed = "tenancy:organisation:changed"
    connection_drafted = "tenancy:connection:drafted"
    connection_dropped = "tenancy:connection:dropped"
    connection_declared = "tenancy:connection:declared"
    connection_changed = "tenancy:connection:changed"
    connection_state = "tenancy:connection:state_changed"
    connection_rules = "tenancy:connection:rules_changed"
    connection_budget = "tenancy:connection:budget_changed"
    release_confirmed = "tenancy:connection:release_confirmed"
    pilot_switched = "tenancy:connection:pilot_switched"
    department_added = "tenancy:department:added"
    department_changed = "tenancy:department:changed"
    department_switched = "tenancy:department:switched"
    department_archived = "tenancy:department:archived"
    record_tested = "tenancy:record:tested"
    meetings_chosen = "tenancy:meetings:chosen"
    meeting_key_changed = "tenancy:meeting_key:changed"
    person_mapped = "tenancy:person:mapped"
    person_unmapped = "tenancy:person:unmapped"
    consent_given = "tenancy:consent:given"
    consent_withdrawn = "tenancy:consent:withdrawn"
    sign_in_changed = "tenancy:sign_in:changed"
    branding_changed = "tenancy:branding:changed"
    administrator_invited = "tenancy:administrator:invited"
    administrator_signed_in = "tenancy:administrator:signed_in"
    administrator_signed_out = "tenancy:administrator:signed_out"
    session_ended = "tenancy:session:ended"
    launch_begun = "visits:launch:begun"
    launch_finished = "visits:launch:finished"
    launch_refused = "visits:launch:refused"
    colleagues_searched = "visits:colleagues:searched"
    colleague_asked = "visits:colleague:asked"
    colleague_seen = "visits:colleague:seen"
    colleague_declined = "visits:colleague:declined"
    colleague_withdrawn = "visits:colleague:withdrawn"
    consult_begun = "visits:consult:begun"
    visit_begun_now = "visits:visit:begun_now"
    visit_taken_over = "visits:visit:taken_over"
    details_read = "visits:details:read"
    visit_found = "visits:visit:found"
    visit_moved = "visits:visit:moved"
    visit_cancelled = "visits:visit:cancelled"
    visit_confirmed = "visits:visit:confirmed"
    visit_opened = "visits:visit:opened"
    visit_opened_without_ehr = "visits:visit:opened_without_ehr"
    visit_begun = "visits:visit:begun"
    visit_ended = "visits:visit:ended"
    visit_no_show = "visits:visit:no_show"
    rules_tried = "visits:rules:tried"
    siu_taken = "visits:siu:taken"
    link_opened = "visits:link:opened"
    lobby_entered = "visits:lobby:entered"
    text_me_asked = "visits:text_me:asked"
    text_me_dropped = "visits:text_me:dropped"
    patient_called = "visits:patient:called"
    arrival_acknowledged = "visits:arrival:acknowledged"
    patient_admitted = "visits:patient:admitted"
    patient_declined = "visits:patient:declined"
    patient_held = "visits:patient:held"
    guest_invited = "visits:guest:invited"
    guest_link_shown = "visits:guest:link_shown"
    guest_withdrawn = "visits:guest:withdrawn"
    guest_admitted = "visits:guest:admitted"
    guest_declined = "visits:guest:declined"
    guest_sent_back = "visits:guest:sent_back"
    participant_joined = "visits:participant:joined"
    participant_left = "visits:participant:left"
    code_made = "visits:code:made"
    code_used = "visits:code:used"
    handover_made = "visits:handover:made"
    handover_used = "visits:handover:used"
    meeting_made = "visits:meeting:made"
    meeting_removed = "visits:meeting:removed"
    meeting_given_up = "visits:meeting:given_up"
    meeting_entered = "visits:meeting:entered"
    meeting_reported = "visits:meeting:reported"
    write_done = "visits:write_back:done"
    write_failed = "visits:write_back:failed"
    write_replayed = "visits:write_back:replayed"
    summary_filed = "visits:summary:filed"
    numbers_linked = "tenancy:connection:numbers_linked"
    number_requested = "messaging:number:requested"
    number_active = "messaging:number:active"
    number_failed = "messaging:number:failed"
    number_released = "messaging:number:released"
    number_verified = "messaging:number:verified"
    account_changed = "messaging:account:changed"
    message_planned = "messaging:message:planned"
    message_requested = "messaging:message:requested"
    message_sent = "messaging:message:sent"
    message_suppressed = "messaging:message:suppressed"
    message_receipt = "messaging:message:receipt"
    template_changed = "messaging:template:changed"
    reply_stop = "messaging:reply:stop"
    reply_start = "messaging:reply:start"
    report_read = "reports:report:read"
    report_exported = "reports:report:exported"
    audit_exported = "audit:log:exported"


def before_and_after(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, Value]:
    """What changed, as details of an act: ``name_before`` and ``name_after`` of each value that is another now."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {f"{name}_before": before.get(name) for name in changed} | {
        f"{name}_after": after[name] for name in changed
    }
