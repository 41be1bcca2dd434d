"""Where the answer to HELP goes and what it says: the one message that is about no visit."""

import uuid
from collections.abc import Sequence

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.sealing import Sealer
from housecall.messaging.model import SuppressReason
from housecall.messaging.recipients import Due, Outcome, Recipient, Suppress
from housecall.tenancy import store
from housecall.tenancy.service import may_text, may_text_number


async def resolve_help(database: Database, sealer: Sealer, dues: Sequence[Due]) -> dict[uuid.UUID, Outcome]:
    """One outcome a message, by the rules of any other text: consents, a number, a test connection's list."""
    async with database.work() as work:
        return {due.id: await _outcome(work, sealer, due) for due in dues}


async def _outcome(work: Work, sealer: Sealer, due: Due) -> Outcome:
    connection = await store.get_connection(work, due.org_id, due.connection_id)
    organisation = await store.get_organisation(work, due.org_id)
    obstacle = may_text(connection)
    if obstacle is not None:
        return Suppress(obstacle)
    if due.typed_address is None or connection.texts_from is None:
        return Suppress(SuppressReason.address_expired)
    if not may_text_number(connection, due.typed_address, sealer):
        return Suppress(SuppressReason.not_listed)
    return Recipient(
        number=due.typed_address,
        language=due.instant.partition(".")[0],
        values={"clinic": organisation.display_name, "phone": organisation.clinic_phone},
        texts_from=connection.texts_from,
        texts_backup=connection.texts_backup,
    )
