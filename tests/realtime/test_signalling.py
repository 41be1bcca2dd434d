"""What the relay between browsers passes on, and what it takes out when addresses are protected."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.realtime.errors import SignalInvalid
from housecall.realtime.signalling import LONGEST_CANDIDATE, LONGEST_SDP, filter_signal

RELAY = "candidate:3 1 udp 4188543 192.0.2.7 6100 typ relay raddr 203.0.113.9 rport 500 generation 0 ufrag aB"
RELAY_SAFE = "candidate:3 1 udp 4188543 192.0.2.7 6100 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag aB"
RELAY_V6 = "candidate:4 1 udp 41885438 2001:db8::7 61000 typ relay raddr 2001:db8::99 rport 5000"
RELAY_V6_SAFE = "candidate:4 1 udp 41885438 2001:db8::7 61000 typ relay raddr :: rport 0"
HOST = "candidate:1 1 udp 2122260223 10.1.2.3 54321 typ host generation 0"
HOST_V6 = "candidate:1 1 udp 2122260223 2001:db8::99 54321 typ host generation 0"
HOST_TCP = "candidate:1 1 tcp 1518280447 10.1.2.3 9 typ host tcptype active"
MDNS = "candidate:1 1 udp 2122260223 7f3c2d1e-aaaa-4bbb-8ccc-123456789abc.local 54321 typ host"
MDNS_RELAY = "candidate:1 1 udp 2122260223 7f3c2d1e-aaaa-4bbb-8ccc-123456789abc.local 54321 typ relay"
SRFLX = "candidate:2 1 udp 1686052607 203.0.113.9 54321 typ srflx raddr 10.1.2.3 rport 54321"
PRFLX = "candidate:2 1 udp 1686052607 203.0.113.9 54321 typ prflx raddr 10.1.2.3 rport 54321"

SECRET = re.compile(r"10\.1\.2\.3|203\.0\.113\.9|2001:db8::99|\.local")

PROTECTED: list[tuple[str, str | None]] = [
    (RELAY, RELAY_SAFE),
    (RELAY_V6, RELAY_V6_SAFE),
    (RELAY.replace("udp", "UDP").replace("relay", "RELAY"), RELAY_SAFE.replace("udp", "UDP")),
    (f"a={RELAY}", RELAY_SAFE),
    (RELAY + " network-id 3 network-cost 10", RELAY_SAFE + " network-id 3 network-cost 10"),
    (RELAY + " x-secret 203.0.113.9", RELAY_SAFE),
    (HOST, None),
    (HOST_V6, None),
    (HOST_TCP, None),
    (MDNS, None),
    (MDNS_RELAY, None),
    (SRFLX, None),
    (PRFLX, None),
    (HOST.replace("typ host", "typ  host"), None),
    ("candidate:", None),
    ("candidate:1 1 udp", None),
    ("candidate:1 1 udp x 192.0.2.7 61000 typ relay", None),
    ("candidate:1 1 udp 1 host.example 61000 typ relay", None),
    ("candidate:1 1 udp 1 192.0.2.7 61000 type relay", None),
    ("candidate:1 1 udp 1 192.0.2.7 61000 typ relay raddr", None),
    (
        "candidate:1 1 udp 1 192.0.2.7 61000 typ relay typ host",
        "candidate:1 1 udp 1 192.0.2.7 61000 typ relay raddr 0.0.0.0 rport 0",
    ),
]


def trickle(line: str) -> dict[str, Any]:
    return {"candidate": {"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "aB3d"}}


@pytest.mark.parametrize(("line", "expected"), PROTECTED)
def test_only_relay_candidates_trickle_to_the_protected_side(line: str, expected: str | None) -> None:
    passed = filter_signal(trickle(line), relay_only=True)

    assert passed == (None if expected is None else trickle(expected))


@pytest.mark.parametrize("line", [RELAY, HOST, HOST_V6, HOST_TCP, MDNS, SRFLX, PRFLX])
def test_without_protection_every_candidate_passes_unchanged(line: str) -> None:
    assert filter_signal(trickle(line), relay_only=False) == trickle(line)


@pytest.mark.parametrize("relay_only", [True, False])
def test_the_end_of_candidates_always_passes(relay_only: bool) -> None:
    assert filter_signal({"candidate": None}, relay_only=relay_only) == {"candidate": None}
    assert filter_signal(trickle(""), relay_only=relay_only) == trickle("")


LINES: list[tuple[str, str | None]] = [
    (f"a={RELAY}", f"a={RELAY_SAFE}"),
    (f"a={HOST}", None),
    (f"a={HOST_V6}", None),
    (f"a={MDNS}", None),
    (f"a={SRFLX}", None),
    (f"A=Candidate{HOST[9:]}", None),
    (f"  a={HOST}", None),
    ("a=candidate", None),
    ("a=candidate:rubbish 10.1.2.3", None),
    ("a=remote-candidates:1 10.1.2.3 54321", None),
    ("a=end-of-candidates", "a=end-of-candidates"),
    ("c=IN IP4 203.0.113.9", "c=IN IP4 0.0.0.0"),
    ("c=IN IP6 2001:db8::99", "c=IN IP6 ::"),
    ("o=- 46117 2 IN IP4 10.1.2.3", "o=- 46117 2 IN IP4 0.0.0.0"),
    ("a=rtcp:54321 IN IP4 203.0.113.9", "a=rtcp:9 IN IP4 0.0.0.0"),
    ("a=rtcp:54321 IN IP6 2001:db8::99", "a=rtcp:9 IN IP6 ::"),
    ("a=rtcp-mux", "a=rtcp-mux"),
    ("a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 nack pli"),
    ("a=ice-ufrag:aB3d", "a=ice-ufrag:aB3d"),
    ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 111"),
    ("a=fingerprint:sha-256 AA:BB", "a=fingerprint:sha-256 AA:BB"),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
@pytest.mark.parametrize("kind", ["offer", "answer"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_description_loses_its_addresses_on_the_protected_side(
    line: str, expected: str | None, kind: str, end: str
) -> None:
    sdp = end.join(["v=0", line, "s=-", ""])

    passed = filter_signal({"description": {"type": kind, "sdp": sdp}}, relay_only=True)

    kept = ["v=0", *([] if expected is None else [expected]), "s=-"]
    assert passed == {"description": {"type": kind, "sdp": "\r\n".join(kept) + "\r\n"}}


def test_without_protection_a_description_passes_unchanged() -> None:
    sdp = f"v=0\r\no=- 1 2 IN IP4 10.1.2.3\r\na={HOST}\r\n"
    data = {"description": {"type": "offer", "sdp": sdp}}

    assert filter_signal(data, relay_only=False) == data


def test_a_rollback_needs_no_description() -> None:
    assert filter_signal({"description": {"type": "rollback"}}, relay_only=True) == {
        "description": {"type": "rollback", "sdp": ""}
    }


def test_unknown_fields_are_not_passed_on() -> None:
    data = {"description": {"type": "offer", "sdp": "v=0\r\n", "note": "hello"}}
    candidate = {"candidate": {"candidate": HOST, "sdpMid": "0", "address": "10.1.2.3"}}

    assert filter_signal(data, relay_only=False) == {"description": {"type": "offer", "sdp": "v=0\r\n"}}
    assert filter_signal(candidate, relay_only=False) == {"candidate": {"candidate": HOST, "sdpMid": "0"}}


@pytest.mark.parametrize("relay_only", [True, False])
def test_the_name_of_a_warm_up_passes_and_nothing_longer(relay_only: bool) -> None:
    assert filter_signal({"warm": "w_7k3m"}, relay_only=relay_only) == {"warm": "w_7k3m"}
    for wrong in ("", "Dr. Example", "w_" + "a" * 33, "w_7k3m\n", 7, None, ["w_7k3m"]):
        with pytest.raises(SignalInvalid):
            filter_signal({"warm": wrong}, relay_only=relay_only)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"chat": "hello"},
        {"candidate": None, "description": None},
        {"candidate": "candidate:1"},
        {"candidate": {}},
        {"candidate": {"candidate": 5}},
        {"candidate": {"candidate": "not one"}},
        {"candidate": {"candidate": RELAY + "\r\na=" + HOST}},
        {"candidate": {"candidate": RELAY + "\x00"}},
        {"candidate": {"candidate": "candidate:" + "1" * LONGEST_CANDIDATE}},
        {"candidate": {"candidate": RELAY, "sdpMid": 1}},
        {"candidate": {"candidate": RELAY, "sdpMLineIndex": "0"}},
        {"candidate": {"candidate": RELAY, "sdpMLineIndex": -1}},
        {"candidate": {"candidate": RELAY, "usernameFragment": "x" * 300}},
        {"description": None},
        {"description": {"type": "offer"}},
        {"description": {"type": "offer", "sdp": ""}},
        {"description": {"type": "offer", "sdp": 1}},
        {"description": {"type": "shout", "sdp": "v=0"}},
        {"description": {"type": ["offer"], "sdp": "v=0"}},
        {"description": {"type": "offer", "sdp": "v=0\x0ba=" + HOST}},
        {"description": {"type": "offer", "sdp": "c=\r\n"}},
        {"description": {"type": "offer", "sdp": "x" * (LONGEST_SDP + 1)}},
        {"description": {"type": "offer", "sdp": "\n" * 2000}},
    ],
)
def test_what_has_the_wrong_form_is_refused(data: Any) -> None:
    with pytest.raises(SignalInvalid):
        filter_signal(data, relay_only=True)


_WORDS = "a= A= candidate: Candidate: 1 udp typ host relay raddr rport 10.1.2.3 203.0.113.9 x.local v=0"
_GAPS = [" ", "  ", "\t", "\r\n", "\n", "\r", "c=IN IP4 ", "o=- 1 2 IN IP4 "]
pieces = st.sampled_from([*_WORDS.split(), *_GAPS, HOST, RELAY, SRFLX, MDNS])


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=30))
def test_no_candidate_line_of_another_type_survives_however_it_is_written(parts: list[str]) -> None:
    """Any reader that splits lines at CR, LF or both finds relay candidates only, nothing behind them."""
    try:
        passed = filter_signal(
            {"description": {"type": "offer", "sdp": "".join(parts) or "v=0"}}, relay_only=True
        )
    except SignalInvalid:
        return

    assert passed is not None
    for line in re.split(r"[\r\n]+", passed["description"]["sdp"]):
        if line.strip().lower().startswith(("a=candidate", "c=", "o=")):
            assert not SECRET.search(line) or " typ relay raddr " in line
            assert " raddr 203" not in line
            assert "typ host" not in line
