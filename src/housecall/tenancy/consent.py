"""Consent to texts: two sentences an administrator agrees to, kept in their words, withdrawn at any time.

Where both are given, they count for every connection of the organisation. Texts are checked against the
connection when they leave, so withdrawing needs to reach nothing that waits.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, new_uuid
from housecall.tenancy.store import list_connections
from housecall.tenancy.tables import Connection, TextConsent


class Consent(StrEnum):
    """What is agreed to."""

    send = "send"
    attendees = "attendees"


# Every wording that was ever shown, by its version; a version is never changed, since records name it.
WORDINGS: Final = {
    (Consent.send, "send.1"): (
        "Housecall may send text messages to our patients on our organisation's behalf, from the phone numbers "
        "chosen here: confirmations, reminders, changes and links to video visits."
    ),
    (Consent.attendees, "attendees.1"): (
        "Our organisation has made sure that the people who are texted have agreed to receive and to send text "
        "messages about their visits, and tells Housecall at once where that is no longer so."
    ),
}
CURRENT: Final = {Consent.send: "send.1", Consent.attendees: "attendees.1"}


def wording(what: Consent, version: str | None = None) -> str:
    """The sentence of that version, or the one shown now."""
    return WORDINGS[what, version or CURRENT[what]]


async def list_consents(work: Work, org_id: OrgId) -> Sequence[TextConsent]:
    """Every consent of the organisation, withdrawn ones too, the newest first."""
    return (
        await work.session.scalars(
            select(TextConsent)
            .where(TextConsent.org_id == org_id)
            .order_by(TextConsent.given_at.desc(), TextConsent.id)
            .execution_options(populate_existing=True)
        )
    ).all()


async def standing_consents(work: Work, org_id: OrgId) -> dict[Consent, TextConsent]:
    """The consents that hold now."""
    return {Consent(one.what): one for one in await list_consents(work, org_id) if one.withdrawn_at is None}


async def give_consent(work: Work, org_id: OrgId, what: Consent, *, by: By, now: datetime) -> None:
    """The consent stands in the words shown now; given twice is once."""
    standing = await standing_consents(work, org_id)
    if what in standing:
        return
    work.session.add(
        TextConsent(
            id=new_uuid(),
            org_id=org_id,
            what=what.value,
            wording=CURRENT[what],
            given_by=by.ref,
            given_at=now,
        )
    )
    await work.session.flush()
    await record(
        work, org_id, Act.consent_given, by=by, subject=str(org_id), at=now, what=what.value,
        wording=CURRENT[what],
    )  # fmt: skip
    for connection in await list_connections(work, org_id):
        await apply_consents(work, connection)


async def withdraw_consents(
    work: Work, org_id: OrgId, which: Sequence[Consent] = tuple(Consent), *, by: By, now: datetime
) -> None:
    """Without one of the consents no text leaves any more, those that are queued already included."""
    for what, one in (await standing_consents(work, org_id)).items():
        if what in which:
            one.withdrawn_at, one.withdrawn_by = now, by.ref
    for connection in await list_connections(work, org_id):
        if Consent.send in which:
            connection.consent_send_at = None
        if Consent.attendees in which:
            connection.consent_attendees_at = None
    await work.session.flush()
    names = ",".join(which)
    await record(work, org_id, Act.consent_withdrawn, by=by, subject=str(org_id), at=now, what=names)


async def apply_consents(work: Work, connection: Connection) -> None:
    """The organisation's consents count for this connection; what was given for it by command stays."""
    standing = await standing_consents(work, OrgId(connection.org_id))
    send, attendees = standing.get(Consent.send), standing.get(Consent.attendees)
    if send is None or attendees is None:
        return
    connection.consent_send_at = connection.consent_send_at or send.given_at
    connection.consent_attendees_at = connection.consent_attendees_at or attendees.given_at
    connection.consent_by = connection.consent_by or send.given_by
