"""What can be done with organisations and connections, and what they allow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.ehr.base import ClientKind, Vendor
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId, new_uuid, short_id
from housecall.kit.sealing import Sealer
from housecall.tenancy import store
from housecall.tenancy.changes import differences, snapshot
from housecall.tenancy.connections import checked_budget, use_rules
from housecall.tenancy.errors import RelayMissing
from housecall.tenancy.model import (
    DEFAULT_REQUESTS_PER_MIN,
    WORKING,
    Channels,
    ConnectionState,
    Environment,
    Protection,
    move,
)
from housecall.tenancy.settings import put_settings, settings_now
from housecall.tenancy.tables import Connection, Organisation
from housecall.tenancy.timing import QuietHours, Timing

DEFAULT_REMINDERS_MIN: Final = (24 * 60, 15)
ANY_NUMBER: Final = "any"


@dataclass(frozen=True)
class Declaration:
    """A connection as an operator declares it, without the portal."""

    base_url: str
    environment: Environment
    vendor: str
    client_kind: str
    client_id: str
    client_secret: str | None = None
    system_client_id: str | None = None
    system_client_secret: str | None = None
    locations: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    virtual_rules: tuple[str, ...] = ()
    texts_from: str | None = None
    texts_to: tuple[str, ...] = ()
    consent_send: bool = False
    consent_attendees: bool = False
    confirm_existing: bool = False
    time_zone: str = "America/Chicago"
    phone_region: str = "US"
    frame_ancestors: tuple[str, ...] = ()
    write_back: tuple[str, ...] = ()
    patient_base_url: str | None = None
    patient_client_id: str | None = None
    patient_client_secret: str | None = None
    # What is not given stays as it is.
    channels: Channels | None = None
    reminders_min: tuple[int, ...] | None = None
    quiet_hours: QuietHours | None = None
    is_mpages: bool = False
    requests_per_min: int | None = None
    """None leaves the budget as it is."""


async def ensure_organisation(work: Work, name: str, *, region: str, now: datetime, by: By) -> Organisation:
    """The organisation of that name, made if missing."""
    found = await store.find_organisation_by_name(work, name)
    if found is not None:
        return found
    made = Organisation(
        id=new_uuid(), name=name, display_name="Your clinic" if name == "default" else name,
        region=region, language="en", clinic_phone="", sign_in_issuer=None, sign_in_client_id=None,
        sign_in_secret_sealed=None, created_at=now,
    )  # fmt: skip
    work.session.add(made)
    await work.session.flush()
    await record(work, OrgId(made.id), Act.organisation_created, by=by, subject=str(made.id), at=now)
    return made


async def name_clinic(
    work: Work,
    org_id: OrgId,
    *,
    name: str | None,
    phone: str | None,
    reminder: str | None = None,
    keeps_guest_addresses: bool | None = None,
    now: datetime,
    by: By,
) -> None:
    """What is said of the clinic besides its connections stands as given; what is not given stays."""
    given = {
        "display_name": name,
        "clinic_phone": phone,
        "identity_reminder": reminder,
        "keeps_guest_addresses": keeps_guest_addresses,
    }
    if all(value is None for value in given.values()):
        return
    owner = await store.lock_organisation(work, org_id)
    named: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    wanted = replace(settings_now(owner), **named)
    await put_settings(work, owner, wanted, now=now, by=by)


async def declare_connection(
    work: Work, org_id: OrgId, declared: Declaration, *, sealer: Sealer, now: datetime, by: By
) -> Connection:
    """The connection stands as declared; declared again, the same one is changed and keeps its id.

    A test connection is validated at once; a production one waits for a test launch to go live.
    """
    same = [
        one
        for one in await store.list_connections_by_base_url(work, declared.base_url)
        if one.org_id == org_id and one.environment == declared.environment
    ]
    connection = same[0] if same else _new_connection(org_id, declared, now)
    if not same:
        work.session.add(connection)
    had_consent = bool(same) and _has_consent(connection)
    before = snapshot(connection) if same else {}
    _apply(connection, declared, sealer=sealer, now=now, by=by)
    await work.session.flush()
    act = Act.connection_changed if same else Act.connection_declared
    changed = differences(before, snapshot(connection))
    await record(
        work, org_id, act, by=by, subject=connection.id, at=now,
        environment=connection.environment, **changed,
    )  # fmt: skip
    await store.note_change(work, org_id, connection.id)
    if _has_consent(connection):
        await record(work, org_id, Act.consent_given, by=by, subject=connection.id, at=now)
    elif had_consent:
        await record(work, org_id, Act.consent_withdrawn, by=by, subject=connection.id, at=now)
    return connection


def draft_connection(org_id: OrgId, *, sealer: Sealer, now: datetime, by: By) -> Connection:
    """A connection that stands for nothing yet: everything as it is unless somebody says otherwise."""
    nothing = Declaration("", Environment.test, Vendor.generic, ClientKind.symmetric, client_id="")
    made = _new_connection(org_id, nothing, now)
    made.state = ConnectionState.draft.value
    _apply(made, nothing, sealer=sealer, now=now, by=by)
    return made


def _has_consent(connection: Connection) -> bool:
    return connection.consent_send_at is not None and connection.consent_attendees_at is not None


def _new_connection(org_id: OrgId, declared: Declaration, now: datetime) -> Connection:
    return Connection(
        id=short_id("c"),
        org_id=org_id,
        base_url=declared.base_url.rstrip("/"),
        environment=declared.environment.value,
        state=ConnectionState.validated.value,
        channels=Channels.text.value,
        quiet_from_min=None,
        quiet_until_min=None,
        reminder_offsets_min=list(DEFAULT_REMINDERS_MIN),
        lobby_opens_min=30,
        window_closes_min=120,
        requests_per_min=DEFAULT_REQUESTS_PER_MIN,
        first_polled_at=None,
        last_polled_at=None,
        next_poll_at=None,
        feed_fault=None,
        created_at=now,
    )


def _apply(connection: Connection, declared: Declaration, *, sealer: Sealer, now: datetime, by: By) -> None:
    connection.vendor = declared.vendor
    connection.client_kind = declared.client_kind
    connection.client_id = declared.client_id
    connection.client_secret_sealed = _sealed(sealer, declared.client_secret, connection.id)
    connection.system_client_id = declared.system_client_id
    connection.system_client_secret_sealed = _sealed(sealer, declared.system_client_secret, connection.id)
    connection.patient_base_url = (declared.patient_base_url or "").rstrip("/") or None
    connection.patient_client_id = declared.patient_client_id
    connection.patient_client_secret_sealed = _sealed(sealer, declared.patient_client_secret, connection.id)
    connection.locations = list(declared.locations)
    connection.practitioners = list(declared.practitioners)
    use_rules(connection, declared.virtual_rules)
    connection.time_zone = declared.time_zone
    connection.phone_region = declared.phone_region
    connection.frame_ancestors = list(declared.frame_ancestors)
    connection.is_mpages = declared.is_mpages
    connection.texts_from = declared.texts_from
    connection.texts_to = hashed_list(sealer, declared.texts_to)
    connection.consent_send_at = now if declared.consent_send else None
    connection.consent_attendees_at = now if declared.consent_attendees else None
    connection.consent_by = by.ref if declared.consent_send or declared.consent_attendees else None
    connection.confirm_existing = declared.confirm_existing
    connection.write_back = sorted(set(declared.write_back))
    if declared.requests_per_min is not None:
        connection.requests_per_min = checked_budget(declared.requests_per_min)
    connection.next_poll_at = None
    if declared.channels is not None:
        connection.channels = declared.channels.value
    if declared.reminders_min is not None:
        connection.reminder_offsets_min = list(declared.reminders_min)
    if declared.quiet_hours is not None:
        declared.quiet_hours.write(connection)


def _sealed(sealer: Sealer, secret: str | None, connection_id: str) -> bytes | None:
    return sealer.seal(secret, purpose=f"connection:{connection_id}") if secret else None


def hashed_list(sealer: Sealer, listed: Iterable[str]) -> list[str]:
    """Numbers and addresses as they are kept: hashes, and the word ``any`` as it is."""
    return [one if one == ANY_NUMBER else listed_hash(sealer, one) for one in listed]


def number_hash(sealer: Sealer, number: str) -> str:
    """A phone number as a keyed hash: comparable, but not to be read back or guessed without the key.

    Spaces and punctuation do not count: ``+1 (555) 010-0001`` and ``+15550100001`` are one number.
    """
    return _number_hashes(sealer, number)[0]


def listed_hash(sealer: Sealer, number_or_address: str) -> str:
    """As ``number_hash``, also for the address of a mailbox, in which case does not count."""
    if "@" in number_or_address:
        return _address_hashes(sealer, number_or_address)[0]
    return number_hash(sealer, number_or_address)


def _address_hashes(sealer: Sealer, address: str) -> tuple[str, ...]:
    return sealer.hashes("mail-address", address.strip().lower())


def _number_hashes(sealer: Sealer, number: str) -> tuple[str, ...]:
    """Under every known master key, newest first: what was listed before a rotation stays listed."""
    return sealer.hashes("phone-number", "+" + "".join(sign for sign in number if sign.isdigit()))


def is_working(connection: Connection) -> bool:
    """Whether launches, feeds and visits run on this connection."""
    if not connection.client_id:
        return False
    return ConnectionState(connection.state) in WORKING[Environment(connection.environment)]


async def note_test_launch(work: Work, connection: Connection, *, now: datetime, by: By) -> None:
    """A launch went through: a connection that was only validated is tested."""
    if connection.state == ConnectionState.validated:
        await step(work, connection, "test", now=now, by=by)


async def go_live(
    work: Work,
    connection: Connection,
    *,
    protection: Protection,
    now: datetime,
    by: By,
    reason: str | None = None,
) -> None:
    """The connection is live; without a test launch before, the log says that this was overridden, and why.

    So it says of a missing relay; raises RelayMissing for a production connection where ``protection`` is off.
    """
    refuse_unprotected(Environment(connection.environment), protection)
    if connection.state != ConnectionState.live:
        verb = "override" if connection.state == ConnectionState.validated else "go_live"
        said = {"reason": reason} if reason else {}
        await step(work, connection, verb, now=now, by=by, protection=protection.value, **said)


def refuse_unprotected(environment: Environment, protection: Protection, *, because: str = "") -> None:
    """Raises RelayMissing where people's network addresses would be open to each other in production."""
    if environment is Environment.production and protection is Protection.off:
        raise RelayMissing(because or None)


async def step(
    work: Work, connection: Connection, verb: str, *, now: datetime, by: By, **detail: str
) -> None:
    """The connection is in the state after ``verb``, on record; raises IllegalConnectionMove."""
    before, after = connection.state, move(ConnectionState(connection.state), verb)
    connection.state = after.value
    org_id = OrgId(connection.org_id)
    await record(
        work, org_id, Act.connection_state, by=by, subject=connection.id, at=now,
        verb=verb, **before_and_after({"state": before}, {"state": after.value}), **detail,
    )  # fmt: skip


async def link_numbers(
    work: Work, connection: Connection, *, first: str | None, backup: str | None, by: By, now: datetime
) -> None:
    """Texts leave from ``first``, and from ``backup`` when that one's provider is away; without any, none leaves."""
    changed = before_and_after(
        {"texts_from": connection.texts_from, "texts_backup": connection.texts_backup},
        {"texts_from": first, "texts_backup": backup},
    )
    if not changed:
        return
    connection.texts_from, connection.texts_backup = first, backup
    await record(
        work, OrgId(connection.org_id), Act.numbers_linked, by=by, subject=connection.id, at=now, **changed
    )


async def set_timing(
    work: Work, org_id: OrgId, connection_id: str, timing: Timing, *, before: str, now: datetime, by: By
) -> Connection:
    """The connection's messages leave so from now on; raises Overtaken.

    ``before`` is the mark of what the form was filled in on; empty: whatever it was.
    """
    connection = await store.get_connection(work, org_id, connection_id)
    await work.session.refresh(connection, with_for_update=True)
    was = Timing.of(connection)
    if before and before != was.mark:
        raise Overtaken
    connection.channels = timing.channels.value
    connection.reminder_offsets_min = list(timing.reminders_min)
    timing.quiet.write(connection)
    await record(
        work, org_id, Act.connection_changed, by=by, subject=connection.id, at=now,
        **before_and_after({"timing": was.mark}, {"timing": timing.mark}),
    )  # fmt: skip
    return connection


def may_text(connection: Connection) -> str | None:
    """Why no text may leave here: connection_not_working, no_consent or no_number; None if one may."""
    return may_write(connection) or (None if connection.texts_from else "no_number")


def may_write(connection: Connection) -> str | None:
    """Why nothing may leave here, neither text nor e-mail; None if it may."""
    if not is_working(connection):
        return "connection_not_working"
    return None if _has_consent(connection) else "no_consent"


def may_text_number(connection: Connection, number: str, sealer: Sealer) -> bool:
    """Whether this number may be texted: on a test connection only if it, or ``any``, is listed."""
    return _is_listed(connection, lambda: _number_hashes(sealer, number))


def may_mail_address(connection: Connection, address: str, sealer: Sealer) -> bool:
    """Whether this address may be written to: on a test connection only if it, or ``any``, is listed."""
    return _is_listed(connection, lambda: _address_hashes(sealer, address))


def _is_listed(connection: Connection, hashes: Callable[[], tuple[str, ...]]) -> bool:
    if connection.environment == Environment.production or ANY_NUMBER in connection.texts_to:
        return True
    return not set(connection.texts_to).isdisjoint(hashes())
