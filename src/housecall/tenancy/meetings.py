"""Where a connection's visits are held: chosen on record, and the service itself as it was chosen."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.clock import Clock
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.meetings.base import OWN_ROOMS, Chat, MeetingBackend
from housecall.meetings.errors import MeetingRefused
from housecall.meetings.teams.backend import TEAMS, TeamsAccount, TeamsMeetings
from housecall.meetings.teams.certificate import read_certificate
from housecall.meetings.teams.clouds import refuse_unfit
from housecall.tenancy.meeting_keys import NO_KEY, keys_of, replace_key
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import list_departments
from housecall.tenancy.tables import Connection

_IN_USE: Final = "A department holds its visits in Teams: choose rooms of Housecall’s own there first."


@dataclass(frozen=True)
class TeamsChoice:
    """Teams for a connection's visits, as an operator or administrator chooses it."""

    tenant: str
    client_id: str
    # Private key and certificate; None keeps what is there.
    pem: str | None = field(default=None, repr=False)
    cloud: str = "global"
    # One account that all meetings are made for; none means each visit's own clinician.
    organiser: str | None = None
    chat: str = Chat.limited.value
    may_record: bool = False

    def options(self) -> dict[str, Any]:
        """As the connection keeps them; the key is kept apart."""
        return {name: value for name, value in asdict(self).items() if name != "pem"}


class MeetingServices(Protocol):
    """Finds the service that a connection's visits are held with, where that is not rooms of our own."""

    def of(self, connection: Connection) -> MeetingBackend:
        """The connection's service as it stands now; raises MeetingRefused where it has none."""
        ...

    async def close(self) -> None:
        """Every service's connections are given back."""
        ...


class NoServices:
    """Where there are rooms of our own and nothing else."""

    def of(self, connection: Connection) -> MeetingBackend:
        raise MeetingRefused("This connection has no meeting service besides rooms of our own.")

    async def close(self) -> None:
        return None


class TeamsDirectory:
    """Keeps one service a connection; a connection that was changed gets a new one."""

    def __init__(self, clock: Clock, sealer: Sealer, *, stand_in: str = "") -> None:
        self._clock, self._sealer, self._stand_in = clock, sealer, stand_in
        self._kept: dict[str, tuple[TeamsAccount, TeamsMeetings]] = {}

    def of(self, connection: Connection) -> MeetingBackend:
        return self.teams_of(connection)

    def teams_of(self, connection: Connection) -> TeamsMeetings:
        """The connection's Teams; raises MeetingRefused where it was never set up."""
        account = self._account(connection)
        known = self._kept.get(connection.id)
        if known is not None and known[0] == account:
            return known[1]
        made = TeamsMeetings(account, self._clock, stand_in=self._stand_in)
        self._kept[connection.id] = (account, made)
        return made

    def _account(self, connection: Connection) -> TeamsAccount:
        options, keys = connection.meeting_options, keys_of(connection, self._sealer)
        if keys.in_use is None or "tenant" not in options:
            raise MeetingRefused("Teams is not set up on this connection.")
        return TeamsAccount(
            tenant=options["tenant"],
            client_id=options["client_id"],
            pem=keys.in_use.pem,
            cloud=options.get("cloud", "global"),
            other_pem=keys.beside.pem if keys.beside else None,
        )

    async def close(self) -> None:
        kept, self._kept = self._kept, {}
        for _, teams in kept.values():
            await teams.close()


async def choose_teams(
    work: Work,
    connection: Connection,
    choice: TeamsChoice,
    *,
    sealer: Sealer,
    clock: Clock,
    by: By,
    for_all: bool = True,
) -> None:
    """Visits found from now on are held in Teams; those that stand keep where they are.

    Not ``for_all``: only those of departments that choose Teams; the others are held where they were.
    Raises CertificateInvalid, CloudUnfit, or MeetingRefused where no key was ever given.
    """
    refuse_unfit(choice.cloud)
    if choice.pem is not None:
        replace_key(connection, read_certificate(choice.pem), sealer)
    if connection.meeting_key_sealed is None:
        raise MeetingRefused(NO_KEY)
    service = TEAMS if for_all else connection.meeting_service
    await _choose(work, connection, service, choice.options(), clock=clock, by=by)


async def choose_own_rooms(work: Work, connection: Connection, *, clock: Clock, by: By) -> None:
    """Visits found from now on are held in rooms of our own; what was set up for Teams is kept."""
    await _choose(work, connection, OWN_ROOMS, connection.meeting_options, clock=clock, by=by)


def mark_of(connection: Connection) -> str:
    """All of the choice in one text: what a form was filled in on."""
    return json.dumps(_now(connection), sort_keys=True)


async def save_meetings(
    work: Work, org_id: OrgId, connection_id: str, service: str, choice: TeamsChoice | None, *,
    before: str, clock: Clock, by: By,
) -> None:  # fmt: skip
    """Visits found from now on are held with the service; how Teams is to be used is kept, chosen or not.

    Raises Overtaken where somebody saved since ``before`` was shown, or MeetingRefused where Teams has no key, or
    would be forgotten while a department uses it.
    """
    connection = await get_connection(work, org_id, connection_id)
    await work.session.refresh(connection, with_for_update=True)
    if before != mark_of(connection):
        raise Overtaken
    if service == TEAMS and connection.meeting_key_sealed is None:
        raise MeetingRefused(NO_KEY)
    if choice is None and TEAMS in [
        one.meeting_service for one in await list_departments(work, org_id, connection_id)
    ]:
        raise MeetingRefused(_IN_USE)
    await _choose(work, connection, service, choice.options() if choice else {}, clock=clock, by=by)


async def _choose(
    work: Work, connection: Connection, service: str, options: dict[str, Any], *, clock: Clock, by: By
) -> None:
    before = _now(connection)
    connection.meeting_service, connection.meeting_options = service, options
    changed = before_and_after(before, {"service": service, **options})
    await record(
        work,
        OrgId(connection.org_id),
        Act.meetings_chosen,
        by=by,
        subject=connection.id,
        at=clock.now(),
        **changed,
    )


def _now(connection: Connection) -> dict[str, Any]:
    return {"service": connection.meeting_service, **connection.meeting_options}
