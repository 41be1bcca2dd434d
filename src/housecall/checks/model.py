"""A check, what it stands on, and what it finds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from housecall.db.database import Database
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.visits.desk import Desk


class Level(StrEnum):
    """How something stands, the worst last."""

    skipped = "skipped"
    ok = "ok"
    warn = "warn"
    fail = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was found: how it stands, a sentence, and the mending step where there is something to mend."""

    level: Level
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class Ground:
    """What checks may look at; ``org_id`` None is the operator's view, over all organisations."""

    settings: Settings
    database: Database
    desk: Desk
    org_id: OrgId | None = None


Look = Callable[[Ground], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True)
class Check:
    """One condition: its name for programs, its title for people, why it matters, and how it is tested."""

    name: str
    title: str
    why: str
    look: Look


@dataclass(frozen=True)
class Result:
    """What came of a check."""

    check: Check
    findings: tuple[Finding, ...]
    took_ms: int

    @property
    def level(self) -> Level:
        """The worst of its findings; a check without one had nothing to test."""
        return max((finding.level for finding in self.findings), key=list(Level).index, default=Level.skipped)


def ok(sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(Level.ok, sentence)


def warn(sentence: str, mend: str) -> Finding:
    """It works, but will not everywhere or for long."""
    return Finding(Level.warn, sentence, mend)


def fail(sentence: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(Level.fail, sentence, mend)


def skipped(sentence: str, mend: str = "") -> Finding:
    """There is nothing to test, because it is not in use."""
    return Finding(Level.skipped, sentence, mend)
