"""The keys by which a connection is known to its meeting service: one in use, and one beside it.

The one beside is the next, until it is put in use, and the one before from then on. So a certificate can be handed to
the service's administrators before it signs in, and what was encrypted for the last one can still be read.
"""

from dataclasses import dataclass

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.meetings.errors import MeetingRefused
from housecall.meetings.teams.certificate import Certificate, read_certificate
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection

NO_KEY = "Give the app's certificate with its key."


@dataclass(frozen=True)
class Keys:
    """Both of a connection's, as far as there are any."""

    in_use: Certificate | None
    beside: Certificate | None


def keys_of(connection: Connection, sealer: Sealer) -> Keys:
    """The connection's keys, opened."""
    return Keys(
        _open(connection, connection.meeting_key_sealed, sealer),
        _open(connection, connection.meeting_other_key_sealed, sealer),
    )


def replace_key(connection: Connection, made: Certificate, sealer: Sealer) -> None:
    """This key is in use; the one before is kept beside it."""
    if connection.meeting_key_sealed is not None:
        connection.meeting_other_key_sealed = connection.meeting_key_sealed
    connection.meeting_key_sealed = _seal(connection, made, sealer)


async def add_key(
    work: Work, org_id: OrgId, connection_id: str, made: Certificate, *, sealer: Sealer, clock: Clock, by: By
) -> None:
    """The key is in use where there was none, and else stands beside the one in use until it is put in its place."""
    connection = await _lock(work, org_id, connection_id)
    before = keys_of(connection, sealer)
    sealed = _seal(connection, made, sealer)
    if before.in_use is None:
        connection.meeting_key_sealed = sealed
    else:
        connection.meeting_other_key_sealed = sealed
    await _note(work, connection, before, sealer=sealer, clock=clock, by=by)


async def swap_keys(
    work: Work, org_id: OrgId, connection_id: str, *, sealer: Sealer, clock: Clock, by: By
) -> None:
    """The key beside is in use, and the one in use beside it; raises MeetingRefused where there is only one."""
    connection = await _lock(work, org_id, connection_id)
    before = keys_of(connection, sealer)
    if connection.meeting_other_key_sealed is None:
        raise MeetingRefused("There is no other certificate to use.")
    connection.meeting_key_sealed, connection.meeting_other_key_sealed = (
        connection.meeting_other_key_sealed,
        connection.meeting_key_sealed,
    )
    await _note(work, connection, before, sealer=sealer, clock=clock, by=by)


async def _lock(work: Work, org_id: OrgId, connection_id: str) -> Connection:
    connection = await get_connection(work, org_id, connection_id)
    await work.session.refresh(connection, with_for_update=True)
    return connection


async def _note(
    work: Work, connection: Connection, before: Keys, *, sealer: Sealer, clock: Clock, by: By
) -> None:
    changed = before_and_after(_names(before), _names(keys_of(connection, sealer)))
    org_id, at = OrgId(connection.org_id), clock.now()
    await record(work, org_id, Act.meeting_key_changed, by=by, subject=connection.id, at=at, **changed)


def _names(keys: Keys) -> dict[str, str | None]:
    """By their thumbprints, which anybody may know."""
    return {
        "in_use": keys.in_use.thumbprint if keys.in_use else None,
        "beside": keys.beside.thumbprint if keys.beside else None,
    }


def _open(connection: Connection, sealed: bytes | None, sealer: Sealer) -> Certificate | None:
    return read_certificate(sealer.open(sealed, purpose=_purpose(connection))) if sealed is not None else None


def _seal(connection: Connection, made: Certificate, sealer: Sealer) -> bytes:
    return sealer.seal(made.pem, purpose=_purpose(connection))


def _purpose(connection: Connection) -> str:
    return f"meetings:{connection.id}"
