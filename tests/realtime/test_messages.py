"""Whatever a browser sends is either one of the messages we know or refused with a code."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.realtime import messages
from housecall.realtime.errors import MessageInvalid, MessageTooLarge, MessageUnknown
from housecall.realtime.messages import parse_patient, parse_staff

PATIENT: list[tuple[dict[str, Any], object]] = [
    ({"type": "hello", "v": 1, "tab": "t1", "resume": True}, messages.Hello("t1", True)),
    ({"type": "hello", "v": 1, "tab": "t1"}, messages.Hello("t1", False)),
    ({"type": "ping", "n": 7}, messages.Ping(7)),
    ({"type": "checking"}, messages.Checking()),
    (
        {"type": "check", "camera": "ok", "network": "warn"},
        messages.Check({"camera": "ok", "network": "warn"}, {}),
    ),
    ({"type": "check", "camera": None, "more": 1}, messages.Check({}, {})),
    ({"type": "enter-lobby"}, messages.EnterLobby()),
    ({"type": "joined"}, messages.Joined()),
    ({"type": "leave"}, messages.Leave()),
    ({"type": "come-back"}, messages.ComeBack()),
    (
        {"type": "signal", "to": "p_1", "data": {"candidate": None}},
        messages.Signal("p_1", {"candidate": None}),
    ),
    ({"type": "warm-signal", "warm": "w_1", "data": 1}, messages.WarmSignal("w_1", 1)),
    ({"type": "cool", "warm": "w_1"}, messages.Cool(warm="w_1")),
]
STAFF: list[tuple[dict[str, Any], object]] = [
    ({"type": "join", "visit": "v_1"}, messages.Join("v_1")),
    ({"type": "leave", "visit": "v_1"}, messages.Leave("v_1")),
    ({"type": "signal", "visit": "v_1", "to": "p_1", "data": 1}, messages.Signal("p_1", 1, "v_1")),
    ({"type": "active", "idle_s": 2.5}, messages.Active(2.5)),
    ({"type": "ping", "n": 0}, messages.Ping(0)),
    ({"type": "warm", "visit": "v_1"}, messages.Warm("v_1")),
    ({"type": "cool", "visit": "v_1"}, messages.Cool(visit="v_1")),
    (
        {"type": "warm-signal", "visit": "v_1", "warm": "w_1", "data": 1},
        messages.WarmSignal("w_1", 1, "v_1"),
    ),
]
WRONG = [
    "",
    "null",
    "[]",
    "1",
    '"hello"',
    "{}",
    '{"type": 3}',
    '{"type": "ping"}',
    '{"type": "ping", "n": -1}',
    '{"type": "ping", "n": true}',
    '{"type": "ping", "n": 1e400}',
    '{"type": "ping", "n": NaN}',
    '{"type": "hello", "tab": "t"}',
    '{"type": "hello", "v": 2, "tab": "t"}',
    '{"type": "hello", "v": true, "tab": "t"}',
    '{"type": "hello", "v": 1, "tab": ""}',
    '{"type": "hello", "v": 1, "tab": "t", "resume": 1}',
    '{"type": "hello", "v": 1, "tab": "a\\nb"}',
    '{"type": "check", "camera": "great"}',
    '{"type": "check", "camera": ["ok"]}',
    '{"type": "signal", "data": {}}',
    "[" * 50_000,
    '{"type": "ping", "n": ' + "9" * 5000 + "}",
]


@pytest.mark.parametrize(("sent", "meant"), PATIENT)
def test_a_patients_message_is_understood(sent: dict[str, Any], meant: object) -> None:
    assert parse_patient(json.dumps(sent)) == meant


@pytest.mark.parametrize(("sent", "meant"), STAFF)
def test_a_clinicians_message_is_understood(sent: dict[str, Any], meant: object) -> None:
    assert parse_staff(json.dumps(sent)) == meant


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_message_is_refused(text: str) -> None:
    with pytest.raises(MessageInvalid):
        parse_patient(text)


@pytest.mark.parametrize("kind", ["join", "active", "warm", "admitted", "state", "__class__", "constructor"])
def test_a_patient_cannot_say_what_only_staff_or_the_server_say(kind: str) -> None:
    with pytest.raises(MessageUnknown):
        parse_patient(json.dumps({"type": kind, "visit": "v_1", "idle_s": 1}))


@pytest.mark.parametrize("kind", ["enter-lobby", "joined", "check", "welcome"])
def test_staff_cannot_say_what_only_patients_say(kind: str) -> None:
    with pytest.raises(MessageUnknown):
        parse_staff(json.dumps({"type": kind}))


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_more_than_64_kib_is_too_large_counted_in_bytes(letter: str) -> None:
    size = messages.LARGEST_MESSAGE_BYTES // len(letter.encode()) + 1

    with pytest.raises(MessageTooLarge):
        parse_patient(letter * size)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
kinds = st.sampled_from(["hello", "ping", "check", "signal", "join", "leave", "active", "joined"]) | st.text(
    max_size=9
)
fields = st.dictionaries(
    st.sampled_from(["v", "tab", "resume", "n", "to", "data", "visit", "idle_s", "camera", "speaker"]),
    json_values,
)


@settings(max_examples=300, deadline=None)
@given(kind=kinds, rest=fields)
def test_any_json_is_understood_or_refused_never_more(kind: str, rest: dict[str, Any]) -> None:
    text = json.dumps({**rest, "type": kind})
    for parse in (parse_patient, parse_staff):
        with contextlib.suppress(MessageInvalid):
            parse(text)


@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_any_text_is_understood_or_refused_never_more(text: str) -> None:
    for parse in (parse_patient, parse_staff):
        with pytest.raises(MessageInvalid):
            parse(text)
