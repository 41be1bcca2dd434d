"""A launch's access to the EHR: its tokens sealed on its row, and refreshed before they end."""

import json
from datetime import datetime, timedelta
from typing import Final

from housecall.db.database import Database
from housecall.ehr.base import Tokens
from housecall.ehr.errors import EhrError, EhrTokenExpired
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits.desk import Desk
from housecall.visits.errors import NamesNotShown
from housecall.visits.tables import Launch

# Two heartbeats of the panel (60 s each) before the end, so that one lost is no lost session.
_AHEAD: Final = timedelta(seconds=130)


def keep_tokens(desk: Desk, launch: Launch, tokens: Tokens) -> None:
    """The launch holds these tokens, sealed."""
    plain = json.dumps(
        {
            "access": tokens.access_token,
            "refresh": tokens.refresh_token,
            "expires_at": tokens.expires_at.isoformat(),
            "scope": sorted(tokens.scope),
        }
    )
    launch.tokens_sealed = desk.sealer.seal(plain, purpose=f"tokens:{launch.id}")
    launch.tokens_expire_at = tokens.expires_at


async def tokens_of(
    desk: Desk, database: Database, launch: Launch, *, idle: timedelta | None = None
) -> Tokens:
    """Tokens with life left, refreshed if they are about to end.

    A hand-over uses those of the launch it came from. Raises EhrTokenExpired when the EHR's session is over, and
    NamesNotShown where the launch never had any: the system account sees everybody, and is no stand-in.
    """
    async with database.work() as work:
        owner = await work.session.get_one(Launch, launch.handed_over_from or launch.id)
        connection = await get_connection(work, OrgId(owner.org_id), owner.connection_id)
    if owner.tokens_sealed is None:
        raise NamesNotShown
    tokens = _open(desk, owner)
    if tokens.expires_at - desk.clock.now() > _AHEAD:
        return tokens
    return await _refresh(desk, database, owner, connection, tokens, idle)


async def note_active(desk: Desk, database: Database, launch_id: str, idle: timedelta) -> None:
    """The clinician's page lives and was touched ``idle`` ago: the EHR's session is kept while it is used.

    An EHR that is away, or a session that has ended there, stops nothing here: the panel goes on.
    """
    async with database.work() as work:
        launch = await work.session.get(Launch, launch_id)
    if launch is None or launch.state != "active":
        return
    try:
        await tokens_of(desk, database, launch, idle=idle)
    except (EhrError, NamesNotShown):
        return


async def _refresh(
    desk: Desk,
    database: Database,
    launch: Launch,
    connection: Connection,
    tokens: Tokens,
    idle: timedelta | None,
) -> Tokens:
    now = desk.clock.now()
    try:
        fresh = await desk.ehr.client(connection).refresh(tokens, active_for=idle)
    except EhrTokenExpired:
        if tokens.expires_at > now:
            return tokens
        raise
    async with database.work() as work:
        kept = await work.session.get_one(Launch, launch.id, with_for_update=True)
        if kept.tokens_expire_at is None or kept.tokens_expire_at < fresh.expires_at:
            keep_tokens(desk, kept, fresh)
            kept.refreshed_at = now
    return fresh


def _open(desk: Desk, launch: Launch) -> Tokens:
    kept = json.loads(desk.sealer.open(launch.tokens_sealed or b"", purpose=f"tokens:{launch.id}"))
    return Tokens(
        access_token=kept["access"],
        refresh_token=kept["refresh"],
        expires_at=datetime.fromisoformat(kept["expires_at"]),
        scope=frozenset(kept["scope"]),
    )
