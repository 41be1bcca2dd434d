"""What browsers say: parsed at the border into frozen values, one class for each type of message."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from housecall.realtime.errors import MessageInvalid, MessageTooLarge, MessageUnknown

# The largest offer of four people with every codec measures about 12 KiB; this leaves room and bounds memory.
LARGEST_MESSAGE_BYTES: Final = 64 * 1024
_LONGEST_ID: Final = 64
_RESULTS: Final = ("ok", "warn", "fail", "skipped")
_DEVICES: Final = ("camera", "microphone", "speaker", "network")

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: which tab this is, and whether it was here before."""

    tab: str
    resume: bool


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life."""

    n: int


@dataclass(frozen=True, slots=True)
class Checking:
    """The device tests have begun."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the device tests found: device -> ok, warn, fail or skipped; and why, where something is wrong."""

    results: dict[str, str]
    because: dict[str, str]


@dataclass(frozen=True, slots=True)
class EnterLobby:
    """The patient wants to wait to be let in."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The patient's call page is in the room."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Out of the lobby or the call; staff name the visit."""

    visit: str = ""


@dataclass(frozen=True, slots=True)
class ComeBack:
    """The patient had left and is here again."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something for another browser; ``data`` is judged by the signalling filter."""

    to: str
    data: Any
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """A clinician enters the room of a visit."""

    visit: str


@dataclass(frozen=True, slots=True)
class Active:
    """How long nobody has touched the clinician's page, in seconds."""

    idle_s: float


@dataclass(frozen=True, slots=True)
class Warm:
    """A clinician looks at a visit whose patient waits."""

    visit: str


@dataclass(frozen=True, slots=True)
class Cool:
    """No more of it: staff look away and name the visit, a patient's page names what broke."""

    visit: str = ""
    warm: str = ""


@dataclass(frozen=True, slots=True)
class WarmSignal:
    """Something for the other end of a warm-up."""

    warm: str
    data: Any
    visit: str = ""


PatientMessage = (
    Hello | Ping | Checking | Check | EnterLobby | Joined | Leave | ComeBack | Signal | WarmSignal | Cool
)
StaffMessage = Hello | Ping | Join | Leave | Signal | Active | Warm | Cool | WarmSignal


def parse_patient(text: str) -> PatientMessage:
    """A message from a patient's page; raises MessageInvalid, MessageUnknown or MessageTooLarge."""
    kind, fields = _open(text)
    parse = _PATIENT.get(kind)
    if parse is None:
        raise MessageUnknown
    return parse(fields)


def parse_staff(text: str) -> StaffMessage:
    """A message from a clinician's page; raises MessageInvalid, MessageUnknown or MessageTooLarge."""
    kind, fields = _open(text)
    parse = _STAFF.get(kind)
    if parse is None:
        raise MessageUnknown
    return parse(fields)


def _open(text: str) -> tuple[str, Fields]:
    if len(text) > LARGEST_MESSAGE_BYTES or (not text.isascii() and _bytes(text) > LARGEST_MESSAGE_BYTES):
        raise MessageTooLarge
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MessageInvalid from None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise MessageInvalid
    return fields["type"], fields


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _refuse_constant(_name: str) -> None:
    # NaN and Infinity are not JSON, and would be relayed to a browser that cannot read them.
    raise ValueError


def _hello(fields: Fields) -> Hello:
    if fields.get("v") != 1 or fields.get("v") is True:
        raise MessageInvalid
    resume = fields.get("resume", False)
    if not isinstance(resume, bool):
        raise MessageInvalid
    return Hello(tab=_id(fields, "tab"), resume=resume)


def _ping(fields: Fields) -> Ping:
    n = fields.get("n")
    # The largest whole number every browser can hold (2^53).
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= 2**53:
        raise MessageInvalid
    return Ping(n)


def _check(fields: Fields) -> Check:
    results = {device: fields[device] for device in _DEVICES if fields.get(device) is not None}
    if any(result not in _RESULTS for result in results.values()):
        raise MessageInvalid
    because = fields.get("because", {})
    if not isinstance(because, dict):
        raise MessageInvalid
    return Check(results, {device: _id(because, device) for device in _DEVICES if device in because})


def _signal_in_the_room(fields: Fields) -> Signal:
    return Signal(to=_id(fields, "to"), data=fields.get("data"))


def _signal_in_a_visit(fields: Fields) -> Signal:
    return Signal(to=_id(fields, "to"), data=fields.get("data"), visit=_id(fields, "visit"))


def _warm_signal(fields: Fields) -> WarmSignal:
    return WarmSignal(warm=_id(fields, "warm"), data=fields.get("data"))


def _warm_signal_in_a_visit(fields: Fields) -> WarmSignal:
    return WarmSignal(warm=_id(fields, "warm"), data=fields.get("data"), visit=_id(fields, "visit"))


def _active(fields: Fields) -> Active:
    idle_s = fields.get("idle_s")
    if not isinstance(idle_s, int | float) or isinstance(idle_s, bool) or not 0 <= idle_s <= 10**7:
        raise MessageInvalid
    return Active(float(idle_s))


def _id(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_ID or not value.isprintable():
        raise MessageInvalid
    return value


_PATIENT: Final[dict[str, Callable[[Fields], PatientMessage]]] = {
    "hello": _hello,
    "ping": _ping,
    "checking": lambda _: Checking(),
    "check": _check,
    "enter-lobby": lambda _: EnterLobby(),
    "joined": lambda _: Joined(),
    "leave": lambda _: Leave(),
    "come-back": lambda _: ComeBack(),
    "signal": _signal_in_the_room,
    "warm-signal": _warm_signal,
    "cool": lambda fields: Cool(warm=_id(fields, "warm")),
}

_STAFF: Final[dict[str, Callable[[Fields], StaffMessage]]] = {
    "hello": _hello,
    "ping": _ping,
    "join": lambda fields: Join(_id(fields, "visit")),
    "leave": lambda fields: Leave(_id(fields, "visit")),
    "signal": _signal_in_a_visit,
    "active": _active,
    "warm": lambda fields: Warm(_id(fields, "visit")),
    "cool": lambda fields: Cool(visit=_id(fields, "visit")),
    "warm-signal": _warm_signal_in_a_visit,
}
