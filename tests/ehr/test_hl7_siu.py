"""What an SIU message says: event, appointment, status, times, who and where; nothing of the patient."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from housecall.ehr.base import AppointmentStatus
from housecall.ehr.errors import AppointmentUnnamed, MessageNotSiu, MessageRefused, MessageUnreadable
from housecall.ehr.hl7.message import parse
from housecall.ehr.hl7.reply import Ack, Answer, reply
from housecall.ehr.hl7.siu import EVENTS, IdFrom, Reading, ScheduleMessage, read_siu
from tests.ehr.hl7_messages import CHICAGO, READING, siu

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def read(message: bytes, reading: Reading = READING) -> ScheduleMessage:
    return read_siu(parse(message), reading, now=NOW)


def test_a_booking_is_read() -> None:
    found = read(siu())

    assert (found.event, found.ref, found.status) == ("S12", "app-1", AppointmentStatus.booked)
    assert found.at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert found.start == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
    assert (found.practitioners, found.locations) == (("prac-3",), ("loc-7",))
    assert found.is_virtual(())


def test_nothing_of_the_patient_is_kept() -> None:
    message = parse(siu())
    kept = str([vars(one) for one in message._segments]) + str(vars(read(siu())))

    assert "loc-7" in kept
    for word in ("Quillfeather", "Ottoline", "77001", "1948", "0140001", "Marsh Ines"):
        assert word not in kept


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_of_the_table_is_taken(event: str) -> None:
    assert read(siu(event)).event == event


@pytest.mark.parametrize(
    ("event", "said", "status"),
    [
        ("S12", "", "booked"),
        ("S13", "", "booked"),
        ("S14", "", None),
        ("S14", "Booked", "booked"),
        ("S14", "Cancelled^Cancelled by clinic", "cancelled"),
        ("S14", "17^No Show^L", "noshow"),
        ("S12", "Waitlist", "waitlist"),
        ("S12", "Pending", "pending"),
        ("S14", "Started", "arrived"),
        ("S14", "Complete", "fulfilled"),
        ("S14", "Dc", "cancelled"),
        ("S14", "Deleted", "entered_in_error"),
        ("S14", "Overbook", "booked"),
        ("S14", "Blocked", "unknown"),
        ("S15", "Booked", "cancelled"),
        ("S16", "", "cancelled"),
        ("S17", "", "entered_in_error"),
        ("S20", "", None),
        ("S26", "Booked", "noshow"),
    ],
)
def test_event_and_status_together_say_how_it_stands(event: str, said: str, status: str | None) -> None:
    found = read(siu(event, status=said))

    assert found.status == (AppointmentStatus(status) if status else None)


def test_a_status_nobody_knows_is_loud_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert read(siu("S14", status="Levitating")).status is None
    assert "An SIU message has a status that is not in the table." in caplog.messages
    assert "Levitating" not in str([vars(one) for one in caplog.records])


@pytest.mark.parametrize(
    ("sch", "more", "end"),
    [
        ({11: "^^^202611251000", 9: "20", 10: "MIN"}, "", "16:20"),
        ({11: "^^^202611251000^202611251045"}, "", "16:45"),
        ({11: "^^^202611251000^202611250900", 9: "15"}, "", "16:15"),
        ({11: ""}, "TQ1|1||||||202611251000|202611251040\r", "16:40"),
    ],
)
def test_the_end_is_found_wherever_a_sender_puts_it(sch: dict[int, str], more: str, end: str) -> None:
    found = read(siu(sch=sch, more=more))

    assert found.start == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert found.end is not None
    assert f"{found.end:%H:%M}" == end


def test_the_start_may_stand_with_the_service() -> None:
    found = read(siu(sch={11: ""}, service="VID^Video^L|202611251000|||25|MIN"))

    assert found.start == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 25, 16, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sch", "reading", "ref"),
    [
        ({1: "p-9", 2: "f-9^EPIC"}, READING, "f-9"),
        ({1: "p-9", 2: "f-9"}, Reading(CHICAGO, IdFrom.placer), "p-9"),
        ({2: "CERN-77"}, Reading(CHICAGO, strip="CERN-"), "77"),
        ({2: "77"}, Reading(CHICAGO, strip="CERN-"), "77"),
        ({2: "a\\X2E\\b"}, READING, "a.b"),
    ],
)
def test_the_connections_rule_says_which_field_is_the_fhir_id(
    sch: dict[int, str], reading: Reading, ref: str
) -> None:
    assert read(siu(sch=sch), reading).ref == ref


@pytest.mark.parametrize("said", ["", '""', "a b", "../x", "a\\S\\b", "x" * 200, ".."])
def test_an_id_that_is_none_in_fhir_is_refused(said: str) -> None:
    with pytest.raises(AppointmentUnnamed):
        read(siu(ref=said))


@pytest.mark.parametrize(
    ("change", "rules", "expected"),
    [
        ({"service": "99^Check-up"}, (), False),
        ({"service": "", "sch": {8: "VIRT^Telehealth"}}, (), True),
        ({"service": "404^Check-up"}, ("service:404",), True),
        ({"service": "L1^x^L^404^Check-up^LN"}, ("service:404",), True),
        ({"service": ""}, ("location:loc-7",), True),
        ({"service": ""}, ("location:loc-8",), False),
        ({"service": "99^Check-up", "more": "AIS|2|D|VID^Video\r"}, (), False),
    ],
)
def test_the_connections_rules_say_what_is_a_video_visit(
    change: dict[str, Any], rules: tuple[str, ...], expected: bool
) -> None:
    assert read(siu(**change)).is_virtual(rules) is expected


def test_a_resource_taken_away_is_not_among_them() -> None:
    found = read(siu("S20", more="AIP|2|D|prac-4\rAIP|3|A|prac-5\rAIL|2|A|^^^loc-8\r"))

    assert (found.practitioners, found.locations) == (("prac-3", "prac-5"), ("loc-7", "loc-8"))


def test_a_repetition_has_the_same_key_and_another_message_has_not() -> None:
    first = read(siu())
    changed = [siu(control="1002"), siu("S14"), siu(ref="app-2"), siu().replace(b"NORTH", b"SOUTH")]

    assert read(siu()).key == first.key
    assert first.key not in {read(one).key for one in changed}


@pytest.mark.parametrize("kind", ["ADT", "ORU", "SRM", "siu"])
def test_another_kind_of_message_is_refused(kind: str) -> None:
    with pytest.raises(MessageNotSiu):
        read(siu(kind=kind))


@pytest.mark.parametrize("event", ["S25", "S01", "A01", "", "S12x"])
def test_an_event_outside_the_table_is_refused(event: str) -> None:
    with pytest.raises(MessageNotSiu):
        read(siu(event))


@pytest.mark.parametrize(
    "change",
    [
        (b"MSH|^~\\&|", b"MSH|^^\\&|"),
        (b"MSH|^~\\&|", b"MSH|^~|"),
        (b"MSH|^~\\&|", b"MSH|abcd|"),
        (b"MSH|^~\\&|", b"MSH ^~\\& "),
        (b"MSH|", b"MSA|"),
        (b"MSH|", b"\xef\xbb\xbfMSH|"),
        (b"|1001|", b"||"),
        (b"|1001|", b"|10\x1c01|"),
        (b"|1001|", b"|" + b"1" * 200 + b"|"),
        (b"20261124090000", b"yesterday"),
        (b"20261124090000", b""),
        (b"\rPID|", b"\rMSH|^~\\&|X|Y|Z|W|20261124090000||SIU^S15|1002|P|2.3\rPID|"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(change: tuple[bytes, bytes]) -> None:
    assert change[0] in siu()
    with pytest.raises(MessageUnreadable):
        read(siu().replace(*change, 1))


def test_other_signs_than_the_usual_are_obeyed() -> None:
    usual = siu().decode().replace("^~\\&", "\x00")
    other = usual.translate(str.maketrans({"|": "!", "^": "*"})).replace("\x00", "*~/&").encode()

    assert read(other) == read(siu())
    assert b"MSA!AA!1001!" in reply(parse(other).header, Answer(Ack.accepted), now=NOW)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_segments_may_end_as_on_other_machines(end: bytes) -> None:
    assert read(siu().replace(b"\r", end)) == read(siu())


def test_a_line_feed_within_a_note_begins_no_segment() -> None:
    message = siu(more="NTE|2||see\nSCH||other^^|\nAIP|9|A|prac-9\r")

    assert read(message) == read(siu())


def test_the_answer_names_the_message_and_turns_the_address_round() -> None:
    answer = reply(parse(siu()).header, Answer(Ack.fault, "some.code"), now=NOW)

    assert answer.startswith(b"\x0bMSH|^~\\&|HOUSECALL|CLINIC|EPR|NORTH|20261124150000+0000||ACK^S12|")
    assert answer.endswith(b"|P|2.3\rMSA|AE|1001|some.code\r\x1c\r")


MUTATION = st.tuples(st.integers(0, 900), st.sampled_from(["cut", "put", "drop"]), st.binary(max_size=6))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(EVENTS)), st.lists(MUTATION, max_size=8))
@example("S12", [(3, "drop", b"")])
def test_a_damaged_message_is_read_or_refused(event: str, damage: list[tuple[int, str, bytes]]) -> None:
    message = siu(event)
    for place, how, put in damage:
        place %= len(message) + 1
        match how:
            case "cut":
                message = message[:place]
            case "put":
                message = message[:place] + put + message[place:]
            case _:
                message = message[:place] + message[place + 1 :]

    bear(message)


@settings(max_examples=120, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"MSH|^~\\&|", b"MSH|^~\\&|a|b|c|d|20261124||SIU^S12|1|P\r"]),
)
def test_any_bytes_are_read_or_refused(tail: bytes, head: bytes) -> None:
    bear(head + tail)


def bear(message: bytes) -> None:
    """It is read or refused, and its answer is one frame that names it."""
    try:
        parsed = parse(message)
    except MessageRefused:
        return
    answer = reply(parsed.header, Answer(Ack.refused, "x"), now=NOW)
    assert answer.count(b"\x0b") == 1
    assert answer.count(b"\x1c") == 1
    assert len(answer.split(b"\r")) == 4
    try:
        found = read_siu(parsed, READING, now=NOW)
    except MessageRefused:
        return
    assert found.at.tzinfo is UTC
