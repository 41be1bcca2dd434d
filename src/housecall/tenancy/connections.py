"""What an administrator changes on a connection that stands: what counts as virtual, and what is on record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.ehr.virtual import is_rule
from housecall.kit.ids import OrgId
from housecall.tenancy import store
from housecall.tenancy.errors import BudgetTooSmall, RuleUnknown, SettingInvalidHere
from housecall.tenancy.spending import SMALLEST_REQUESTS_PER_MIN
from housecall.tenancy.tables import Connection

LEAST_MINUTES: Final = {"lobby_opens_min": 5, "window_closes_min": 15}
_MOST_MINUTES: Final = 24 * 60


def check_rules(rules: Sequence[str]) -> None:
    """Raise RuleUnknown, naming the first that is no rule."""
    for rule in rules:
        if not is_rule(rule):
            raise RuleUnknown(
                f"“{rule[:80]}” is not a rule: rooms, words, service:<code or text>, location:<id>."
            )


async def set_virtual_rules(
    work: Work, org_id: OrgId, connection_id: str, rules: Sequence[str], *, now: datetime, by: By
) -> Connection:
    """From the next poll on, these rules say what is a video visit; none = the usual ones.

    That poll reads all windows, and as at the first one, what was booked before gets reminders but no
    confirmation. Visits that are there stay, whatever the rules say of them now: a slip of the pen must not
    cancel anybody's visit. Raises RuleUnknown.
    """
    check_rules(rules)
    connection = await store.get_connection(work, org_id, connection_id)
    before = list(connection.virtual_rules)
    use_rules(connection, rules)
    if connection.virtual_rules != before:
        await record(
            work, org_id, Act.connection_rules, by=by, subject=connection_id, at=now,
            **before_and_after({"rules": " | ".join(before)}, {"rules": " | ".join(connection.virtual_rules)}),
        )  # fmt: skip
    return connection


def use_rules(connection: Connection, rules: Sequence[str]) -> None:
    """The connection has these rules, each once; where they differ from those before, all is read as at first."""
    wanted = list(dict.fromkeys(rule.strip() for rule in rules))
    if connection.virtual_rules != wanted:
        connection.virtual_rules = wanted
        connection.first_polled_at = connection.next_poll_at = None


def checked_minutes(setting: str, minutes: int) -> int:
    """The minutes of the waiting room's opening or the link's closing; raises SettingInvalidHere."""
    least = LEAST_MINUTES[setting]
    if not least <= minutes <= _MOST_MINUTES:
        raise SettingInvalidHere(f"Give minutes from {least} to {_MOST_MINUTES}.")
    return minutes


def checked_budget(requests_per_min: int) -> int:
    """The budget; raises BudgetTooSmall for one with which nothing would come to an end."""
    if requests_per_min < SMALLEST_REQUESTS_PER_MIN:
        raise BudgetTooSmall
    return requests_per_min


async def set_request_budget(
    work: Work, org_id: OrgId, connection_id: str, requests_per_min: int, *, now: datetime, by: By
) -> Connection:
    """Feed, texts and write-back of the connection send at most this many requests a minute, all together.

    Sign-ins and the panel's own reads are counted, but never wait. Raises BudgetTooSmall.
    """
    connection = await store.get_connection(work, org_id, connection_id)
    before, connection.requests_per_min = connection.requests_per_min, checked_budget(requests_per_min)
    if before != requests_per_min:
        await store.note_change(work, org_id, connection_id)
        await record(
            work, org_id, Act.connection_budget, by=by, subject=connection_id, at=now,
            **before_and_after({"requests_per_min": before}, {"requests_per_min": requests_per_min}),
        )  # fmt: skip
    return connection


async def confirm_release(
    work: Work, org_id: OrgId, connection_id: str, *, now: datetime, by: By
) -> Connection:
    """It is on record that this person says the EHR's release is late enough; said again, nothing changes."""
    connection = await store.get_connection(work, org_id, connection_id)
    if connection.release_confirmed_at is None:
        connection.release_confirmed_at, connection.release_confirmed_by = now, by.ref
        await record(work, org_id, Act.release_confirmed, by=by, subject=connection_id, at=now)
    return connection
