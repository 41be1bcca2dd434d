"""How an organisation says its messages, where it says them otherwise than we shipped them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.tables import MessageTemplate
from housecall.messaging.templates import Wording, pick_language

Which = tuple[str, str, str, str]
"""Department, kind, channel and language; the whole organisation's have an empty department."""


@dataclass(frozen=True)
class Wordings:
    """An organisation's own wordings, read for one batch."""

    own: Mapping[Which, Wording] = field(default_factory=dict)

    def find(
        self, kind: MessageKind, channel: Channel, language: str | None, department: str = ""
    ) -> Wording | None:
        """The department's own wording, else the organisation's, else None: then it is said as shipped."""
        key = (kind.value, channel.value, pick_language(language))
        return self.own.get((department, *key)) or self.own.get(("", *key))


NO_WORDINGS: Final = Wordings()


async def read_wordings(work: Work, org_id: OrgId) -> Wordings:
    """All that the organisation says in its own words."""
    found = await work.session.scalars(
        select(MessageTemplate).where(MessageTemplate.org_id == org_id, MessageTemplate.body.is_not(None))
    )
    return Wordings(
        {
            (one.department_id, one.kind, one.channel, one.language): Wording(
                one.body or "", one.subject or ""
            )
            for one in found
        }
    )
