"""The root of every error we raise on purpose.

    HousecallError
    ├── Overtaken    of every room whose pages two people may save at once
    ├── (ehr)        EhrError …
    ├── (messaging)  MessagingError …
    ├── (visits)     VisitError …
    └── …            each room draws its own branch at the top of its errors.py

A kind decides the HTTP status, a code is for programs and never changes, the sentence is for people and
holds no personal data. Rooms raise; ``web/errors.py`` and ``realtime/errors.py`` translate.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What went wrong, coarsely: the one thing a caller needs to choose its next step."""

    not_found = "not_found"
    forbidden = "forbidden"
    unauthenticated = "unauthenticated"
    conflict = "conflict"
    invalid = "invalid"
    upstream = "upstream"
    busy = "busy"
    internal = "internal"


class HousecallError(Exception):
    """Root of everything we raise on purpose."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "internal"

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def sentence(self) -> str:
        """One clear sentence for a person, without personal data."""
        return str(self.args[0])


class Overtaken(HousecallError):
    """Somebody else has saved this meanwhile. Look at what stands now, then save yours again."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "kit.overtaken"


def every_error(root: type[HousecallError] = HousecallError) -> list[type[HousecallError]]:
    """All error classes loaded so far, the root left out; the reference page is checked against it."""
    found: list[type[HousecallError]] = []
    for child in root.__subclasses__():
        found += [child, *every_error(child)]
    return found
