"""Which number a text may go to."""

from datetime import UTC, datetime

import pytest

from housecall.ehr.telecom import email_reach, international, sms_reach
from tests.ehr.small_ehr import fixture

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def phone(value: str, use: str | None = "mobile", **more: object) -> dict[str, object]:
    return {"system": "phone", "value": value, "use": use, **more}


CHOICES = [
    (
        "the mobile number, not the home one",
        [phone("8165550101", "home"), phone("8165550102")],
        "+18165550102",
    ),
    ("never a work number", [phone("8165550101", "work")], "no_mobile"),
    ("never a number of no stated use", [phone("8165550101", None)], "no_mobile"),
    ("none at all", [], "no_mobile"),
    ("the lowest rank", [phone("8165550101", rank=3), phone("8165550102", rank=1)], "+18165550102"),
    (
        "a rank written as text",
        [phone("8165550101", rank="3"), phone("8165550102", rank="1")],
        "+18165550102",
    ),
    ("a ranked one before an unranked", [phone("8165550101"), phone("8165550102", rank=9)], "+18165550102"),
    ("the first among equals", [phone("8165550101"), phone("8165550102")], "+18165550101"),
    ("not one that has ended", [phone("8165550101", period={"end": "2020-01-01"})], "no_mobile"),
    ("not one that has not begun", [phone("8165550101", period={"start": "2027-01-01"})], "no_mobile"),
    ("one that ends later", [phone("8165550101", period={"end": "2027-01-01T00:00:00Z"})], "+18165550101"),
    ("the next where the first is broken", [phone("12"), phone("8165550102")], "+18165550102"),
    ("no number in it", [phone("ask her sister")], "invalid_number"),
    ("an area code nobody has", [phone("5555550001")], "invalid_number"),
    ("no free-call number", [phone("18005551234")], "invalid_number"),
    ("a foreign number in full", [phone("+44 7911 123456")], "+447911123456"),
    ("an extension number is dropped", [phone("(816) 555-0102 x77")], "+18165550102"),
    ("an fax is no phone", [{"system": "fax", "value": "8165550101", "use": "mobile"}], "no_mobile"),
    ("an sms address", [{"system": "sms", "value": "8165550101"}], "+18165550101"),
    (
        "the raw text where the value is missing",
        [
            {
                "system": "phone",
                "use": "mobile",
                "extension": [{"url": "http://x/iso21090-TEL-address", "valueUrl": "(816)555-0102"}],
            }
        ],
        "+18165550102",
    ),
]


@pytest.mark.parametrize(
    ("telecom", "expected"), [row[1:] for row in CHOICES], ids=[row[0] for row in CHOICES]
)
def test_the_number_chosen_is(telecom, expected):
    reach = sms_reach({"telecom": telecom}, region="US", now=NOW)

    assert expected == (reach.address or reach.refusal)


@pytest.mark.parametrize(
    ("methods", "sms", "email"),
    [
        ([], True, True),
        (["sms"], True, False),
        (["email"], False, True),
        (["phone"], False, False),
        (["fax", "sms"], True, False),
        (["pigeon"], False, False),
    ],
)
def test_the_records_wish_for_reminders_is_obeyed(methods, sms, email):
    patient = fixture("patient_full")
    (wish,) = (
        found for found in patient["extension"] if str(found.get("url")).endswith("communication-preference")
    )
    patient["extension"] = []
    for method in methods:
        kind, by = wish["extension"][0], {"url": "contact-method"}
        by["valueCodeableConcept"] = {
            "coding": [{"system": "http://hl7.org/fhir/contact-point-system", "code": method}]
        }
        patient["extension"].append({"url": wish["url"], "extension": [kind, by]})

    texts = sms_reach(patient, region="US", now=NOW)
    mails = email_reach(patient, now=NOW)

    assert (texts.refusal is None, mails.refusal is None) == (sms, email)


def test_a_wish_about_other_letters_is_none_about_reminders():
    other = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/communication-topic", "code": "billing"}]
    }
    by = {"coding": [{"system": "http://hl7.org/fhir/contact-point-system", "code": "fax"}]}
    wish = [
        {"url": "communication-type", "valueCodeableConcept": other},
        {"url": "contact-method", "valueCodeableConcept": by},
    ]
    patient = {
        "telecom": [phone("8165550101")],
        "extension": [{"url": "x/communication-preference", "extension": wish}],
    }

    assert sms_reach(patient, region="US", now=NOW).address == "+18165550101"


def test_the_region_reads_numbers_without_a_country_code():
    assert international("07911 123456", "GB") == "+447911123456"
    assert international("0151 23456789", "DE") == "+4915123456789"
