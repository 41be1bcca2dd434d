"""Whose time zone is known, and whose is not: by table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from housecall.ehr.places import time_zone_of
from housecall.ehr.readers import read_appointment, read_person

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TZ = "http://hl7.org/fhir/StructureDefinition/timezone"


def home(**said: Any) -> dict[str, Any]:
    return {"address": [{"use": "home", **said}]}


@pytest.mark.parametrize(
    ("record", "zone"),
    [
        ({}, None),
        ({"extension": [{"url": TZ, "valueCode": "America/Denver"}]}, "America/Denver"),
        ({"extension": [{"url": TZ, "valueCode": "Mars/Olympus"}]}, None),
        ({"extension": [{"url": TZ, "valueCode": "../../etc/passwd"}]}, None),
        ({"extension": [{"url": TZ, "valueCode": "America/Denver"}], **home(state="CA")}, "America/Denver"),
        (home(state="CA", country="US"), "America/Los_Angeles"),
        (home(state="ca"), "America/Los_Angeles"),
        (home(state="IL", country="USA"), "America/Chicago"),
        (home(state="TX", country="US"), None),
        (home(state="AZ", country="US"), None),
        (home(country="DK"), "Europe/Copenhagen"),
        (home(country="SA"), "Asia/Riyadh"),
        (home(country="ES"), None),
        (home(country="Atlantis"), None),
        (home(country="DK", extension=[{"url": TZ, "valueCode": "Atlantic/Faroe"}]), "Atlantic/Faroe"),
        ({"address": [{"use": "work", "country": "DK"}]}, None),
        ({"address": [{"use": "old", "country": "DK"}]}, None),
        ({"address": [{"use": "home", "type": "postal", "country": "DK"}]}, None),
        (home(country="DK", period={"end": "2020-01-01"}), None),
        ({"address": [{"use": "old", "country": "DK"}, {"use": "home", "country": "SA"}]}, "Asia/Riyadh"),
        ({"address": "nowhere"}, None),
    ],
)
def test_the_record_tells_the_zone_or_nothing(record: dict[str, Any], zone: str | None) -> None:
    assert time_zone_of(record, NOW) == zone

    person = read_person({"resourceType": "Patient", "id": "p1", **record}, region="US", now=NOW)
    assert person is not None
    assert person.time_zone == zone


def test_the_place_is_what_the_appointment_calls_its_location() -> None:
    actors = [
        {"actor": {"reference": "Patient/1", "display": "HOLM, ANNA"}},
        {"actor": {"reference": "Location/7", "display": "Lakeside Cardiology"}},
    ]

    found = read_appointment({"resourceType": "Appointment", "id": "a1", "participant": actors})

    assert found.place == "Lakeside Cardiology"
