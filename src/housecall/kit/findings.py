"""What was found when something was looked at: how it stands, in a sentence, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding stands."""

    ok = "ok"
    warn = "warn"
    fail = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: a stable code, how it stands, a sentence, and how to mend it."""

    code: str
    level: Level
    sentence: str
    mend: str = ""
