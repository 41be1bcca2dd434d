"""Which provider a text goes through, and which one stands in: by the number it leaves from."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import number_store
from housecall.messaging.claims import Claim
from housecall.messaging.model import Channel
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Outcome, Recipient
from housecall.messaging.tables import PhoneNumber
from housecall.tenancy.tables import Connection, Department


@dataclass(frozen=True)
class Leg:
    """One way for a text: a provider and our number there; ``pace`` is in segments a minute."""

    provider: TextProvider
    sent_from: str
    number_id: uuid.UUID | None = None
    pace: int | None = None


# The first leg is the one meant; the second is taken when the first has surely not taken the text.
Route = tuple[Leg, ...]
NOWHERE: Final[Route] = ()


class Router:
    """Finds routes for a batch in one query an organisation; keeps nothing."""

    def __init__(self, database: Database, providers: Providers) -> None:
        self._database = database
        self._providers = providers

    async def routes(
        self, batch: Sequence[Claim], outcomes: Mapping[uuid.UUID, Outcome]
    ) -> dict[uuid.UUID, Route]:
        """A route for each message of the batch that has a recipient."""
        senders: dict[uuid.UUID, tuple[str, ...]] = {}
        for claim in batch:
            outcome = outcomes.get(claim.due.id)
            if isinstance(outcome, Recipient):
                senders[claim.due.id] = tuple(filter(None, (outcome.texts_from, outcome.texts_backup)))
        return await self._routes([one for one in batch if one.due.id in senders], senders)

    async def routes_of_lost(self, lost: Sequence[Claim]) -> dict[uuid.UUID, Route]:
        """The routes that messages of unknown fate may have taken: the one noted, or those set now."""
        connection_ids = {claim.due.connection_id for claim in lost}
        numbers: dict[str, tuple[str, ...]] = {}
        async with self._database.work() as work:
            # A department's are among them: which one a text of unknown fate left from is not known any more.
            for table, of in ((Connection, Connection.id), (Department, Department.connection_id)):
                found = await work.session.execute(
                    select(of, table.texts_from, table.texts_backup).where(of.in_(connection_ids))
                )
                for connection_id, first, backup in found:
                    there = (*numbers.get(connection_id, ()), first, backup)
                    numbers[connection_id] = tuple(dict.fromkeys(filter(None, there)))
        senders = {claim.due.id: numbers.get(claim.due.connection_id, ()) or ("",) for claim in lost}
        routes = await self._routes(lost, senders)
        return {claim.due.id: taken(claim, routes[claim.due.id]) for claim in lost}

    async def _routes(
        self, claims: Sequence[Claim], senders: Mapping[uuid.UUID, tuple[str, ...]]
    ) -> dict[uuid.UUID, Route]:
        texts = [claim for claim in claims if claim.due.channel is Channel.sms]
        legs = await self._legs((one.due.org_id, from_) for one in texts for from_ in senders[one.due.id])
        routes: dict[uuid.UUID, Route] = {}
        for claim in claims:
            if claim.due.channel is Channel.sms:
                ways = (legs.get((claim.due.org_id, from_)) for from_ in senders[claim.due.id])
                routes[claim.due.id] = tuple(way for way in ways if way is not None)
            else:
                provider = self._providers.find(claim.due.channel)
                routes[claim.due.id] = (Leg(provider, ""),) if provider else NOWHERE
        return routes

    async def _legs(self, wanted: Iterable[tuple[OrgId, str]]) -> dict[tuple[OrgId, str], Leg]:
        by_org: dict[OrgId, set[str]] = {}
        for org_id, sender in wanted:
            by_org.setdefault(org_id, set()).add(sender)
        legs: dict[tuple[OrgId, str], Leg] = {}
        if not by_org:
            return legs
        async with self._database.work() as work:
            for org_id, numbers in by_org.items():
                rows = await number_store.find_senders(work, org_id, numbers)
                for number in numbers:
                    leg = await self._leg(work, org_id, number, rows.get(number))
                    if leg is not None:
                        legs[org_id, number] = leg
        return legs

    async def _leg(self, work: Work, org_id: OrgId, number: str, row: PhoneNumber | None) -> Leg | None:
        # A number nobody set up in the portal (by command, in the demo) leaves by the deployment's own provider.
        if row is None:
            provider = self._providers.find(Channel.sms)
            return Leg(provider, number) if provider else None
        carrier = await self._providers.carriers.texts(work, org_id, row.provider)
        return Leg(carrier, number, row.id, row.pace) if carrier else None


def taken(claim: Claim, route: Route) -> Route:
    """The legs a message of unknown fate may have taken: where one is noted, that one alone."""
    noted = tuple(leg for leg in route if leg.provider.name == claim.provider)
    return noted or route
