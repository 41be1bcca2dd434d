"""Setting a connection up by hand: drafts that can be left at any point, and forms that do not overwrite each other.

A form carries the version it was shown with. Whoever saves second finds another version, and is told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.ehr.base import Persona, Vendor
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy import store
from housecall.tenancy.changes import differences, snapshot
from housecall.tenancy.consent import apply_consents
from housecall.tenancy.errors import ConnectionDouble, IllegalConnectionMove, NotValidated
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.service import draft_connection, hashed_list, is_working, step
from housecall.tenancy.tables import Connection, ConnectionSetup

# What stands once a connection does: its visits and their appointments belong to this address.
_FIXED: Final = frozenset({"base_url", "environment"})
# Another schedule is read from now on: all of it, as at the first poll.
_SCHEDULE: Final = ("locations", "practitioners", "system_client_id")
# Whom a test connection may text: people's numbers, of which hashes are kept and nothing that can be shown again.
LISTED: Final = "texts_to"
_SECRETS: Final = ("client_secret", "system_client_secret", "patient_client_secret")


async def add_draft(work: Work, org_id: OrgId, *, sealer: Sealer, now: datetime, by: By) -> Connection:
    """A draft to fill in; the same person's, if they have an empty one."""
    for connection in await store.list_connections(work, org_id):
        if connection.state == ConnectionState.draft and not connection.base_url:
            setup = await get_setup(work, org_id, connection.id)
            if setup.typed is None and setup.begun_by == by.ref:
                return connection
    made = draft_connection(org_id, sealer=sealer, now=now, by=by)
    work.session.add(made)
    await work.session.flush()
    work.session.add(_fresh_setup(made, by.ref))
    await record(work, org_id, Act.connection_drafted, by=by, subject=made.id, at=now)
    return made


async def get_setup(work: Work, org_id: OrgId, connection_id: str) -> ConnectionSetup:
    """How the connection is being set up, locked; raises ConnectionUnknown."""
    connection = await store.get_connection(work, org_id, connection_id)
    setup = await store.find_setup(work, org_id, connection_id, locked=True)
    if setup is None:
        setup = _fresh_setup(connection, None)
        work.session.add(setup)
        await work.session.flush()
    return setup


async def get_setup_at(work: Work, org_id: OrgId, connection_id: str, version: int) -> ConnectionSetup:
    """The same, if nobody saved since it was at this version; raises Overtaken."""
    setup = await get_setup(work, org_id, connection_id)
    if setup.version != version:
        raise Overtaken
    return setup


async def save_settings(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    *,
    version: int,
    typed: Mapping[str, str],
    values: Mapping[str, Any],
    secrets: Mapping[str, str],
    sealer: Sealer,
    now: datetime,
    by: By,
) -> ConnectionSetup:
    """What can be used of a form stands; of a draft all that was typed is kept besides, right or wrong.

    A secret that was left empty stays. Raises Overtaken if somebody else saved since ``version``.
    """
    setup = await get_setup_at(work, org_id, connection_id, version)
    connection = await store.get_connection(work, org_id, connection_id)
    is_draft = connection.state == ConnectionState.draft
    before = snapshot(connection)
    _apply(connection, {name: value for name, value in values.items() if is_draft or name not in _FIXED})
    for name in _SECRETS:
        if secrets.get(name):
            sealed = sealer.seal(secrets[name], purpose=f"connection:{connection_id}")
            setattr(connection, f"{name}_sealed", sealed)
    if secrets.get(LISTED):
        connection.texts_to = hashed_list(sealer, secrets[LISTED].split())
    changed = differences(before, snapshot(connection))
    if is_draft:
        setup.typed = dict(typed)
    elif changed:
        connection.next_poll_at = None
        await record(work, org_id, Act.connection_changed, by=by, subject=connection_id, at=now, **changed)
    if changed or is_draft:
        setup.version += 1
    return setup


async def note_validation(work: Work, org_id: OrgId, connection_id: str, found: Mapping[str, Any]) -> None:
    """What a look at the addresses found is kept, and with it the vendor of a draft that left it open."""
    setup = await get_setup(work, org_id, connection_id)
    connection = await store.get_connection(work, org_id, connection_id)
    setup.validation = dict(found)
    is_open = setup.typed is not None and not setup.typed.get("vendor")
    if connection.state == ConnectionState.draft and is_open and found.get("vendor"):
        connection.vendor = Vendor(found["vendor"])


async def finish_draft(work: Work, org_id: OrgId, connection_id: str, *, now: datetime, by: By) -> Connection:
    """The draft is a connection: a test one works at once, a production one waits for a test launch.

    Raises NotValidated unless its address passed the checks as it is typed now, and ConnectionDouble if the
    organisation has this address in this environment already.
    """
    setup = await get_setup(work, org_id, connection_id)
    connection = await store.get_connection(work, org_id, connection_id)
    if not is_validated(connection, setup):
        raise NotValidated
    for other in await store.list_connections_by_base_url(work, connection.base_url):
        if other.org_id == org_id and other.environment == connection.environment:
            raise ConnectionDouble
    await step(work, connection, "validate", now=now, by=by)
    await apply_consents(work, connection)
    setup.typed = None
    setup.version += 1
    await record(
        work, org_id, Act.connection_declared, by=by, subject=connection.id, at=now,
        environment=connection.environment, **differences({}, snapshot(connection)),
    )  # fmt: skip
    return connection


def is_validated(connection: Connection, setup: ConnectionSetup) -> bool:
    """Whether the addresses as they stand now have passed the checks."""
    found = setup.validation or {}
    return bool(found.get("is_usable")) and found.get("about") == validated_about(connection)


def validated_about(connection: Connection) -> list[str]:
    """What a look at the addresses depends on: once one of these changes, it says nothing more."""
    about = (
        connection.base_url,
        connection.environment,
        connection.client_kind,
        connection.patient_base_url or "",
    )
    return list(about)


async def drop_draft(work: Work, org_id: OrgId, connection_id: str, *, now: datetime, by: By) -> None:
    """The draft is gone; raises IllegalConnectionMove for a connection that stands."""
    setup = await get_setup(work, org_id, connection_id)
    connection = await store.get_connection(work, org_id, connection_id)
    if connection.state != ConnectionState.draft:
        raise IllegalConnectionMove("Only a draft can be removed. A connection that stands can be paused.")
    await work.session.delete(setup)
    await work.session.flush()
    await work.session.delete(connection)
    await record(work, org_id, Act.connection_dropped, by=by, subject=connection_id, at=now)


async def pause(work: Work, org_id: OrgId, connection_id: str, *, now: datetime, by: By) -> None:
    """Launches, feed and texts of this connection stop; raises IllegalConnectionMove where none run."""
    connection = await store.get_connection(work, org_id, connection_id)
    if not is_working(connection):
        # Resumed it would be live: a production connection must not come there without its test launch.
        raise IllegalConnectionMove("Only a connection that works can be paused.")
    await step(work, connection, "pause", now=now, by=by)


async def resume(work: Work, org_id: OrgId, connection_id: str, *, now: datetime, by: By) -> None:
    """The connection works again, and its schedule is read at once."""
    connection = await store.get_connection(work, org_id, connection_id)
    await step(work, connection, "resume", now=now, by=by)
    connection.next_poll_at = None


async def note_record_test(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    *,
    persona: Persona,
    found: Mapping[str, Any],
    now: datetime,
    by: By,
) -> None:
    """What a test of the persona's launch record showed is kept and on record."""
    setup = await get_setup(work, org_id, connection_id)
    setup.record_tests = {**setup.record_tests, persona: dict(found)}
    await record(
        work, org_id, Act.record_tested, by=by, subject=connection_id, at=now,
        persona=persona, outcome=str(found["outcome"]),
    )  # fmt: skip


async def note_existing(work: Work, org_id: OrgId, connection_id: str, *, count: int, now: datetime) -> None:
    """How many booked visits would be confirmed is kept, with the time it was counted."""
    setup = await get_setup(work, org_id, connection_id)
    setup.existing = {"count": count, "at": now.isoformat()}


def _apply(connection: Connection, values: Mapping[str, Any]) -> None:
    schedule = [getattr(connection, name) for name in _SCHEDULE]
    for name, value in values.items():
        setattr(connection, name, value)
    if schedule != [getattr(connection, name) for name in _SCHEDULE]:
        connection.first_polled_at = connection.next_poll_at = None


def _fresh_setup(connection: Connection, begun_by: str | None) -> ConnectionSetup:
    return ConnectionSetup(
        connection_id=connection.id,
        org_id=connection.org_id,
        version=1,
        begun_by=begun_by,
        typed=None,
        validation=None,
        record_tests={},
        existing=None,
    )
