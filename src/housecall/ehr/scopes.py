"""SMART scopes in both spellings: parsed and compared by what they allow, never as text.

Source: SMART App Launch 2.2 §Scopes; v1 ``.read`` = ``.rs``, ``.write`` = ``.cud``, ``.*`` = ``.cruds``.
"""

import re
from dataclasses import dataclass
from typing import Final

CLINICIAN_SCOPES: Final = frozenset(
    {
        "launch",
        "openid",
        "fhirUser",
        "online_access",
        "user/Appointment.read",
        "user/Patient.read",
        "user/Practitioner.read",
    }
)
PATIENT_SCOPES: Final = frozenset(
    {"launch", "openid", "fhirUser", "patient/Appointment.read", "patient/Patient.read"}
)
SYSTEM_SCOPES: Final = frozenset(
    {"system/Appointment.read", "system/Patient.read", "system/Practitioner.read"}
)
# Asked for apart: a system account that was registered without it still reads the schedule.
PLACE_SCOPES: Final = frozenset({"system/Location.read"})
# Reading as well: after a POST without an answer the chart is looked at before anything is sent again.
NOTE_SCOPES: Final = frozenset({"user/DocumentReference.read", "user/DocumentReference.write"})
# A PATCH needs leave to read and to write (Millennium); reading is among the system scopes already.
WRITE_BACK_SCOPES: Final = frozenset({"system/Appointment.write"})

_SCOPE = re.compile(r"^(patient|user|system)/([A-Z][A-Za-z]*|\*)\.([a-z*]+)(\?.+)?$")
_V1: Final = {"read": "rs", "write": "cud", "*": "cruds"}
_V2 = re.compile(r"^c?r?u?d?s?$")


@dataclass(frozen=True)
class ResourceScope:
    """Access to one resource type: ``letters`` of c, r, u, d, s; ``query`` narrows it to some records."""

    context: str
    resource: str
    letters: frozenset[str]
    query: str = ""

    def covers(self, wanted: "ResourceScope") -> bool:
        """Whether this grant alone allows all of ``wanted``."""
        return (
            self.context == wanted.context
            and self.resource in ("*", wanted.resource)
            and self.letters >= wanted.letters
            and self.query in ("", wanted.query)
        )


def split_scopes(text: str) -> frozenset[str]:
    """The scopes in a token answer's ``scope``."""
    return frozenset(text.split())


def join_scopes(scopes: frozenset[str]) -> str:
    """Scopes as one text, in a stable order: launch first, then identity, then records."""
    return " ".join(
        sorted(scopes, key=lambda scope: ("/" in scope, scope not in ("launch", "openid"), scope))
    )


def parse_scope(text: str) -> ResourceScope | None:
    """The resource scope, or None for scopes of identity and context and for what nobody can read."""
    found = _SCOPE.match(text)
    if found is None:
        return None
    context, resource, access, query = found.groups()
    letters = _V1.get(access, access)
    if not letters or not _V2.match(letters):
        return None
    return ResourceScope(context, resource, frozenset(letters), (query or "").removeprefix("?"))


def missing_scopes(asked: frozenset[str], granted: frozenset[str]) -> frozenset[str]:
    """Those of ``asked`` about records that ``granted`` does not allow, several grants taken together."""
    grants = [scope for scope in map(parse_scope, granted) if scope]
    return frozenset(text for text in asked if (want := parse_scope(text)) and not _allowed(want, grants))


def _allowed(want: ResourceScope, grants: list[ResourceScope]) -> bool:
    return all(
        any(
            grant.covers(ResourceScope(want.context, want.resource, frozenset(letter), want.query))
            for grant in grants
        )
        for letter in want.letters
    )
