"""How much of who is in its meeting a service tells us now; no input or output."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from housecall.visits.tables_meetings import VisitMeeting
from housecall.visits.whereabouts import Whereabouts


class HowMuch(StrEnum):
    """What staff can go by."""

    all = "all"
    part = "part"  # some of what was told did not reach us
    none = "none"  # nothing is told: what is known goes by what was pressed here


@dataclass(frozen=True)
class Told:
    """How much is told."""

    how_much: HowMuch = HowMuch.all
    # Part: what happened before this may be missing. None: nothing is told since then; unknown if nothing ever was.
    at: datetime | None = None


EVERYTHING: Final = Told()


def told_of(row: VisitMeeting, now: datetime | None) -> Told:
    """How much this meeting's service tells. Without ``now`` a promise that has run out may still count.

    A meeting that is not made, or not followed yet because nobody can come so early, is no reason for doubt.
    """
    until = row.following_until
    if until is not None and now is not None and until <= now:
        return Told(HowMuch.none, until)
    if until is None and row.ways_sealed is not None and row.last_error is not None:
        return Told(HowMuch.none, row.doubtful_since)
    return Told(HowMuch.part, row.doubtful_since) if row.doubtful_since is not None else EVERYTHING


def is_guest_in_lobby(row: VisitMeeting) -> bool:
    """Whether a guest waits in the service's own lobby, by the newest that was told."""
    people = Whereabouts.read(row.roster).people.values()
    return any(one.user is None and one.is_in_lobby and not one.is_gone for one in people)
