"""The relay between browsers: what one may send another, and what is taken out on the protected side.

With a relay, neither side may learn the other's address. Browsers are told to use relay candidates only, but
a page can be changed by who runs it, so the server takes every other candidate out, in descriptions and in
trickle.
"""

import ipaddress
import re
from typing import Any, Final

from housecall.realtime.errors import SignalInvalid

# A description of four people with every codec measures about 12 KiB.
LONGEST_SDP: Final = 48 * 1024
# The grammar's longest line (RFC 8839 §5.1) with an IPv6 address and every known extension is under 400.
LONGEST_CANDIDATE: Final = 1024
_LONGEST_NAME: Final = 256
# Ids of our own making, see kit/ids.py.
_NAME: Final = re.compile(r"[a-z]_[a-z0-9]{1,32}")
_MOST_LINES: Final = 1000

_DESCRIPTIONS: Final = ("offer", "answer", "pranswer", "rollback")
# Extensions that browsers send and that hold no address.
_EXTENSIONS: Final = frozenset({"generation", "ufrag", "network-id", "network-cost", "tcptype"})
# Any of the three ends a line for some browser's reader; none may hide a line from us.
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Signal = dict[str, Any]


def filter_signal(data: Any, *, relay_only: bool) -> Signal | None:
    """What may be passed on of ``data``: only known fields; None when nothing may.

    Shape: ``{"description": {"type", "sdp"}}``, ``{"candidate": {…} | null}`` or ``{"warm": id}``; raises
    SignalInvalid else.
    With ``relay_only`` only relay candidates pass, without the addresses behind them.
    """
    if not isinstance(data, dict) or len(data) != 1:
        raise SignalInvalid
    if "description" in data:
        return {"description": _description(data["description"], relay_only=relay_only)}
    if "candidate" in data:
        return _trickle(data["candidate"], relay_only=relay_only)
    if "warm" in data:
        return {"warm": _name(data["warm"])}
    raise SignalInvalid


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise SignalInvalid
    return value


def _description(description: Any, *, relay_only: bool) -> Signal:
    if not isinstance(description, dict) or description.get("type") not in _DESCRIPTIONS:
        raise SignalInvalid
    sdp = description.get("sdp", "")
    if not isinstance(sdp, str) or len(sdp) > LONGEST_SDP or _CONTROL.search(sdp):
        raise SignalInvalid
    if not sdp and description["type"] != "rollback":
        raise SignalInvalid
    return {"type": description["type"], "sdp": protect_sdp(sdp) if relay_only else sdp}


def _trickle(candidate: Any, *, relay_only: bool) -> Signal | None:
    if candidate is None:
        return {"candidate": None}
    if not isinstance(candidate, dict):
        raise SignalInvalid
    line = candidate.get("candidate")
    if not isinstance(line, str) or len(line) > LONGEST_CANDIDATE or _CONTROL.search(line):
        raise SignalInvalid
    # An empty line ends the candidates of one section (RFC 8838 §13).
    if line and (not line.removeprefix("a=").startswith("candidate:") or _LINE_END.search(line)):
        raise SignalInvalid
    if line and relay_only:
        protected = protect_candidate(line)
        if protected is None:
            return None
        line = protected
    return {"candidate": {"candidate": line, **_place(candidate)}}


def _place(candidate: Signal) -> Signal:
    """Which section a candidate belongs to: the fields of RTCIceCandidateInit that were given."""
    place: Signal = {}
    for name in ("sdpMid", "usernameFragment"):
        if name in candidate:
            value = candidate[name]
            if value is not None and (
                not isinstance(value, str) or len(value) > _LONGEST_NAME or _CONTROL.search(value)
            ):
                raise SignalInvalid
            place[name] = value
    if "sdpMLineIndex" in candidate:
        index = candidate["sdpMLineIndex"]
        if index is not None and (
            not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 65536
        ):
            raise SignalInvalid
        place["sdpMLineIndex"] = index
    return place


def protect_sdp(sdp: str) -> str:
    """``sdp`` without any address but a relay's: connection and origin addresses point nowhere."""
    lines = _LINE_END.split(sdp)
    if len(lines) > _MOST_LINES:
        raise SignalInvalid
    kept = [protected for line in lines if (protected := _protect_line(line.strip())) is not None]
    return "\r\n".join(kept) + "\r\n" if kept else ""


def _protect_line(line: str) -> str | None:
    name = line.lower()
    if not line or name.startswith("a=remote-candidates"):
        return None
    if name.startswith("a=candidate"):
        protected = protect_candidate(line[2:])
        return None if protected is None else f"a={protected}"
    if name.startswith("c="):
        return f"c={_origin(line[2:].split())}"
    if name.startswith("o="):
        return _session(line[2:].split())
    if name.startswith("a=rtcp:"):
        family = "IP6" if " ip6 " in name else "IP4"
        return f"a=rtcp:9 IN {family} {_nowhere(is_v6=family == 'IP6')}"
    return line


def _session(words: list[str]) -> str:
    """An ``o=`` line without its user name, and with an address that points nowhere."""
    if len(words) != 6 or not words[1].isdigit() or not words[2].isdigit():
        raise SignalInvalid
    return f"o=- {words[1]} {words[2]} {_origin(words[3:])}"


def _origin(words: list[str]) -> str:
    """Network type, family and address, as ``c=`` and ``o=`` lines end, pointing nowhere."""
    if len(words) != 3:
        raise SignalInvalid
    is_v6 = words[1].upper() == "IP6"
    return f"IN IP6 {_nowhere(is_v6=True)}" if is_v6 else f"IN IP4 {_nowhere(is_v6=False)}"


def protect_candidate(line: str) -> str | None:
    """A relay candidate without the address behind it; None for any other, and for one that cannot be read.

    Names instead of addresses go too: those ending in .local are host candidates, never a relay's.

    Source: RFC 8839 §5.1 (grammar), RFC 8828 §4 (what a related address reveals).
    """
    words = line.removeprefix("a=").split()
    if len(words) < 8 or words[6].lower() != "typ" or words[7].lower() != "relay":
        return None
    rest = words[8:]
    if len(rest) % 2 or not all(word.isdigit() for word in (words[1], words[3], words[5])):
        return None
    try:
        address = ipaddress.ip_address(words[4])
    except ValueError:
        return None
    is_v6 = address.version == 6
    related = ["raddr", _nowhere(is_v6=is_v6), "rport", "0"]
    extensions = [
        word
        for name, value in zip(rest[::2], rest[1::2], strict=True)
        if name.lower() in _EXTENSIONS
        for word in (name, value)
    ]
    return " ".join([*words[:6], "typ", "relay", *related, *extensions])


def _nowhere(*, is_v6: bool) -> str:
    return "::" if is_v6 else "0.0.0.0"  # noqa: S104 - written into an SDP, not listened on
