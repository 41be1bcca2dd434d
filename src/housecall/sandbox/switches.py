"""Faults that can be switched on, so that a bad day can be rehearsed."""

from dataclasses import asdict, dataclass, fields
from typing import Final

from housecall.sandbox.errors import RequestRefused

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "ehr": ("up", "down", "slow"),
    "mail": ("ok", "down"),
    "numbers": ("ok", "fail"),
    "patch_fault": ("none", "locked", "dependency"),
}
_FLAGS: Final = ("deny_launch", "launch_has_appointment", "retry_after", "throttle_renewals")
_GATEWAY: Final = ("ok", "slow", "down", "silent")


@dataclass
class Switches:
    """How the make-believe hospital behaves now; everything is well unless told otherwise."""

    ehr: str = "up"  # up, down (503), slow (five seconds for each answer)
    latency_ms: float = 0
    throttle: int | None = None  # so many FHIR requests a window, then 429
    throttle_window_s: float = 10
    retry_after: bool = True  # whether a 429 says when to come back
    throttle_renewals: bool = False  # 429 to whoever renews a token twice within a minute
    deny_launch: bool = False
    launch_has_appointment: bool = False
    broken_record: str | None = None  # an appointment id whose record fails every bundle it is in
    patch_fault: str = "none"  # none, locked (423), dependency (424)
    gateway: str = "ok"  # ok, slow, down, silent (no receipts), reject:<reason>
    mail: str = "ok"  # ok, down (421 at the greeting)
    numbers: str = "ok"
    number_after_s: float = 20  # how long a number takes
    launch_url: str | None = None
    patient_launch_url: str | None = None

    def turn(self, wanted: dict[str, object]) -> None:
        """Set the named switches; raises RequestRefused and changes nothing if one is unknown or wrong."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in wanted.items():
            if name not in known:
                raise RequestRefused(f"There is no switch {name}; there are {', '.join(known)}.")
            self._check(name, value)
        for name, value in wanted.items():
            setattr(self, name, value)

    def shown(self) -> dict[str, object]:
        """All switches as they are."""
        return asdict(self)

    @staticmethod
    def _check(name: str, value: object) -> None:
        if name in _WORDS and value not in _WORDS[name]:
            raise RequestRefused(f"{name} is one of {', '.join(_WORDS[name])}.")
        if name == "gateway" and value not in _GATEWAY and not str(value).startswith("reject:"):
            raise RequestRefused("gateway is one of ok, slow, down, silent, reject:<reason>.")
        if name in _FLAGS and not isinstance(value, bool):
            raise RequestRefused(f"{name} is true or false.")
        if name in ("latency_ms", "throttle_window_s", "number_after_s") and not isinstance(
            value, int | float
        ):
            raise RequestRefused(f"{name} is a number.")
        if name == "throttle" and not isinstance(value, int | None):
            raise RequestRefused("throttle is a number of requests, or null.")
        if name.endswith("_url") and not isinstance(value, str | None):
            raise RequestRefused(f"{name} is an address, or null.")
