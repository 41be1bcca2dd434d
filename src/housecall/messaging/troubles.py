"""What is wrong on our side of a provider: kept for the administrator, gone when texts are taken again."""

import logging
from collections.abc import Sequence
from datetime import datetime

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import number_store
from housecall.messaging.claims import Verdict

log = logging.getLogger(__name__)


async def note_troubles(work: Work, verdicts: Sequence[Verdict], *, now: datetime) -> None:
    """Each provider of the batch stands as it is: in trouble, or without."""
    troubled = {(one.claim.due.org_id, *one.trouble) for one in verdicts if one.trouble is not None}
    at_fault = {(org_id, provider) for org_id, provider, _ in troubled}
    well: dict[OrgId, set[str]] = {}
    for one in verdicts:
        if one.verb == "accept" and one.provider and (one.claim.due.org_id, one.provider) not in at_fault:
            well.setdefault(one.claim.due.org_id, set()).add(one.provider)
    for org_id, provider, trouble in sorted(troubled):
        if await number_store.keep_trouble(work, org_id, provider, trouble, now=now):
            log.error("Texts are held: a provider is not set up as it must be.",
                      extra={"provider": provider, "trouble": trouble})  # fmt: skip
    for org_id, providers in well.items():
        await number_store.drop_troubles(work, org_id, providers)
