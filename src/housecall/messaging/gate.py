"""The last look before a text leaves: consent that is withdrawn stops what is queued already, too."""

import time
from typing import Final

from sqlalchemy import select

from housecall.db.database import Database
from housecall.messaging.claims import Claim
from housecall.messaging.recipients import Recipient
from housecall.tenancy.service import may_text
from housecall.tenancy.tables import Connection

# A batch may wait a minute for a slow provider. Asked for every single text this would cost a tenth of the pace.
_FRESH_FOR_S: Final = 0.25

# Another number was linked while the text was waiting: it leaves from that one, and is not lost.
CHANGED: Final = "changed"


class Gate:
    """Says whether texts may leave from a connection at this very moment, a quarter of a second old at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, tuple[float, str | None, str | None]] = {}

    async def obstacle(self, claim: Claim, recipient: Recipient) -> str | None:
        """Why this text must not leave now: a SuppressReason, ``CHANGED`` when it must be asked for anew, or None."""
        read_at, reason, texts_from = self._seen.get(claim.due.connection_id, (-1.0, None, None))
        if time.monotonic() - read_at > _FRESH_FOR_S:
            reason, texts_from = await self._read(claim.due.connection_id)
        if reason is None and texts_from != recipient.texts_from:
            return CHANGED
        return reason

    async def _read(self, connection_id: str) -> tuple[str | None, str | None]:
        async with self._database.work() as work:
            found = await work.session.scalars(select(Connection).where(Connection.id == connection_id))
            connection = found.one()
            reason, texts_from = may_text(connection), connection.texts_from
        self._seen[connection_id] = (time.monotonic(), reason, texts_from)
        return reason, texts_from
