"""Check of the numbers that texts leave from: whether carriers let their texts through."""

from collections.abc import Sequence
from typing import Final

from housecall.checks.model import Finding, Ground, Level, ok, skipped
from housecall.kit.ids import OrgId
from housecall.messaging.number_model import Verification
from housecall.messaging.numbers import list_numbers, working
from housecall.messaging.verifying_words import say
from housecall.tenancy.store import list_connections, list_organisations

_LEVELS: Final = {
    Verification.needed: Level.fail,
    Verification.rejected: Level.fail,
    Verification.pending: Level.warn,
    Verification.unknown: Level.warn,
}


async def numbers(ground: Ground) -> Sequence[Finding]:
    """Each number that a connection's texts leave from, as the carriers see it; the worker asks them."""
    found = []
    async with ground.database.work() as work:
        for owner in await list_organisations(work):
            org_id = OrgId(owner.id)
            if ground.org_id not in (None, org_id):
                continue
            linked = {
                number
                for one in await list_connections(work, org_id)
                for number in (one.texts_from, one.texts_backup)
            }
            for number in working(await list_numbers(work, org_id)):
                if number.number not in linked:
                    continue
                state, said = Verification(number.verification), say(number)
                if state in _LEVELS:
                    mend = said.what_to_do or "Wait for the carriers: nothing has to be done."
                    found.append(Finding(_LEVELS[state], f"{number.number}: {said.state}", mend))
                else:
                    found.append(ok(f"{number.number}: {said.state or 'No carrier asks for a form.'}"))
    return found or [skipped("No number is linked to a connection.", "Get one in the setup, step Messages.")]
