"""Which scopes are granted, and what a granted scope opens."""

import re
from typing import Final

from housecall.sandbox.errors import OauthRefused

TYPES: Final = (
    "Appointment", "Communication", "DocumentReference", "Encounter", "Location", "Patient", "Practitioner",
    "RelatedPerson", "Schedule", "Slot",
)  # fmt: skip
_PLAIN: Final = (
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "online_access",
    "offline_access",
)
_RESOURCE: Final = re.compile(r"(patient|user|system)/([A-Za-z]+)\.(read|write|c?r?u?d?s?)$")
# The access token is a header; Millennium refuses when a list of scopes would not fit in one.
_MOST: Final = 60


def granted(asked: str, persona: str) -> tuple[str, ...]:
    """The scopes given of those asked for, in their order; wildcards and unknown ones are dropped in silence.

    ``persona`` is provider, patient or system.
    """
    words = list(dict.fromkeys(asked.split()))
    if len(words) > _MOST:
        raise OauthRefused("invalid_scope", "oauth2:grant:too-many-scopes")
    return tuple(word for word in words if _may_have(word, persona))


def _may_have(word: str, persona: str) -> bool:
    if word in _PLAIN:
        return persona != "system"
    match = _RESOURCE.match(word)
    if not match or match[2] not in TYPES or not match[3]:
        return False
    levels = {"provider": ("user", "patient"), "patient": ("patient",), "system": ("system",)}
    return match[1] in levels[persona]


def opens(scopes: tuple[str, ...], resource_type: str, deed: str) -> tuple[str, ...]:
    """The levels (user, patient, system) at which the scopes allow a deed: one letter of ``cruds``."""
    levels = []
    for word in scopes:
        match = _RESOURCE.match(word)
        if (
            match
            and match[2] == resource_type
            and deed in {"read": "rs", "write": "cud"}.get(match[3], match[3])
        ):
            levels.append(match[1])
    return tuple(levels)


def supported() -> list[str]:
    """What the configuration lists."""
    listed = ["launch", "profile", "fhirUser", "openid", "online_access", "offline_access"]
    for resource_type in TYPES:
        for level in ("user", "patient", "system"):
            if level == "patient" and resource_type in ("Practitioner", "Location"):
                continue
            listed += [f"{level}/{resource_type}.{verb}" for verb in ("read", "write", "rs", "crus")]
    return listed
