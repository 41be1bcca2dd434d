"""What counts as a video visit."""

import pytest

from housecall.ehr.virtual import is_rule, is_virtual, rule_that_holds, traits_of
from tests.ehr.small_ehr import appointment, fixture

AT = "2026-12-01T15:00:00Z"


def service(text: str, code: str = "404") -> list[dict[str, object]]:
    return [{"text": text, "coding": [{"system": "x", "code": code, "display": text}]}]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"serviceType": service("Video Visit")}, True),
        ({"serviceType": service("VIRTUAL follow-up")}, True),
        ({"description": "Telehealth check"}, True),
        ({"text": {"div": "<p><b>Video Visit</b>: Yes</p>"}}, True),
        ({"text": {"div": "<p><b>Video Visit</b>: No</p>"}}, False),
        ({"serviceType": service("Surgery Rapid"), "description": "Knee"}, False),
        ({"reasonCode": [{"text": "wants a video"}]}, False),
    ],
)
def test_without_rules_rooms_or_words_decide(fields, expected):
    assert is_virtual(appointment("1", AT, **fields)) is expected


def test_rooms_are_known_by_their_names_in_any_order():
    record = fixture("appointment_video")
    record["contained"].reverse()
    record["text"] = {}

    assert is_virtual(record)
    assert is_virtual(record, ("rooms",))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("service:257", True),
        ("service:follow-up ON screen", True),
        ("service:404", False),
        ("location:3001", True),
        ("location:9999", False),
        ("rooms", False),
        ("words", False),
        ("nonsense", False),
    ],
)
def test_a_rule_decides_alone(rule, expected):
    record = appointment("1", AT, serviceType=service("Follow-up on screen", "257"))

    assert is_virtual(record, (rule,)) is expected


def test_a_rule_can_be_told_from_what_is_none():
    rules = ("rooms", "words", "service:257", "location:3001", "service:", "video", "")

    assert [is_rule(rule) for rule in rules] == [True, True, True, True, False, False, False]


def test_the_first_rule_that_holds_is_named():
    traits = traits_of(appointment("1", AT, serviceType=service("Video follow-up", "257")))

    assert rule_that_holds(traits) == "words"
    assert rule_that_holds(traits, ("rooms", "service:257", "words")) == "service:257"
    assert rule_that_holds(traits, ("rooms",)) is None
