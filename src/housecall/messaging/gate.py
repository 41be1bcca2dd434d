"""The last look before a text leaves: consent that is withdrawn stops what is queued already, too."""

import time
from typing import Final

from housecall.db.database import Database
from housecall.messaging.aside import is_aside
from housecall.messaging.claims import Claim
from housecall.messaging.recipients import Recipient
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.terms import may_text_from, may_text_in, terms_of

# A batch may wait a minute for a slow provider. Asked for every single text this would cost a tenth of the pace.
_FRESH_FOR_S: Final = 0.25

# Another number was linked while the text was waiting: it leaves from that one, and is not lost.
CHANGED: Final = "changed"


class Gate:
    """Says whether texts may leave from a connection at this very moment, a quarter of a second old at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[tuple[str, str, bool], tuple[float, str | None, str | None]] = {}

    async def obstacle(self, claim: Claim, recipient: Recipient) -> str | None:
        """Why this text must not leave now: a SuppressReason, ``CHANGED`` when it must be asked for anew, or None."""
        key = (claim.due.connection_id, recipient.department, is_aside(claim.due))
        read_at, reason, texts_from = self._seen.get(key, (-1.0, None, None))
        if time.monotonic() - read_at > _FRESH_FOR_S:
            reason, texts_from = await self._read(claim, recipient.department)
            self._seen[key] = (time.monotonic(), reason, texts_from)
        if reason is None and texts_from != recipient.texts_from:
            return CHANGED
        return reason

    async def _read(self, claim: Claim, of: str) -> tuple[str | None, str | None]:
        due = claim.due
        may = may_text_from if is_aside(due) else may_text_in
        async with self._database.work() as work:
            connection = await get_connection(work, due.org_id, due.connection_id)
            department = await find_department(work, due.org_id, of)
            return may(connection, department), terms_of(connection, department).texts_from
