"""A connection's form: every fault in its field, secrets kept unseen, and two people's typing merged."""

from typing import Any

import pytest

from housecall.kit.sealing import Sealer
from housecall.tenancy.tables import Connection
from housecall.web.connection_form import Filled, merge, read_form, seal_secret, typed_of

GOOD = {
    "base_url": " https://ehr.example/r4/ ",
    "environment": "test",
    "client_kind": "symmetric",
    "locations": "Location/l-1, l-2\n\nl-1",
    "time_zone": "Europe/Copenhagen",
    "phone_region": "dk",
    "frame_ancestors": "https://chart.example:8443/",
    "lobby_opens_min": "30",
    "window_closes_min": "120",
    "requests_per_min": "600",
    "version": "3",
}


def connection(**values: Any) -> Connection:
    given: dict[str, Any] = {
        "id": "c_1",
        "base_url": "https://ehr.example/r4",
        "environment": "test",
        "state": "draft",
    }
    return Connection(**{**given, **values})


def test_what_was_typed_is_read_tolerantly(sealer: Sealer) -> None:
    filled = read_form(GOOD, connection(), sealer)

    assert filled.faults == {}
    assert filled.version == 3
    assert filled.values["base_url"] == "https://ehr.example/r4"
    assert filled.values["locations"] == ["l-1", "l-2"]
    assert filled.values["phone_region"] == "DK"
    assert filled.values["frame_ancestors"] == ["https://chart.example:8443"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("environment", "somewhere"),
        ("vendor", "nobody"),
        ("locations", "l-1\nTwo words!"),
        ("practitioners", "Practitioner/"),
        ("time_zone", "Mars/Olympus"),
        ("phone_region", "XX"),
        ("frame_ancestors", "chart.example"),
        ("frame_ancestors", "https://chart.example/path"),
        ("lobby_opens_min", "soon"),
        ("lobby_opens_min", "-5"),
        ("window_closes_min", "99999"),
    ],
)
def test_a_fault_stands_at_its_field_and_sets_nothing(sealer: Sealer, name: str, typed: str) -> None:
    filled = read_form({**GOOD, name: typed}, connection(), sealer)

    assert set(filled.faults) == {name}
    assert name not in filled.values
    assert filled.typed[name] == typed


def test_an_ehr_that_takes_nothing_is_not_written_to(sealer: Sealer) -> None:
    filled = read_form({**GOOD, "vendor": "generic", "write_links": "yes"}, connection(), sealer)

    assert "clear the boxes" in filled.faults["write_links"]


def test_a_secret_goes_through_a_second_form_unseen_and_only_of_this_connection(sealer: Sealer) -> None:
    kept = seal_secret(sealer, "c_1", "hunter-two")

    again = read_form({**GOOD, "client_secret_kept": kept}, connection(), sealer)
    other = read_form({**GOOD, "client_secret_kept": kept}, connection(id="c_2"), sealer)
    broken = read_form({**GOOD, "client_secret_kept": "no seal"}, connection(), sealer)

    assert "hunter" not in kept
    assert (again.secrets, other.secrets, broken.secrets) == ({"client_secret": "hunter-two"}, {}, {})
    assert "hunter-two" not in repr(again)


def test_numbers_are_read_in_any_spelling_and_never_said_back(sealer: Sealer) -> None:
    typed = "(312) 555-0110\n+4532123456, somebody@example.org"

    filled = read_form({**GOOD, "phone_region": "US", "texts_to": typed}, connection(), sealer)
    wrong = read_form({**GOOD, "texts_to": "call 555 who"}, connection(), sealer)

    assert filled.secrets["texts_to"] == "+13125550110 +4532123456 somebody@example.org"
    assert "texts_to" not in filled.typed
    assert set(wrong.faults) == {"texts_to"}
    assert "555" not in wrong.faults["texts_to"]


def test_a_connection_that_stands_keeps_its_address_whatever_the_form_says(sealer: Sealer) -> None:
    filled = read_form({**GOOD, "base_url": "https://elsewhere"}, connection(state="live"), sealer)

    assert filled.typed["base_url"] == "https://ehr.example/r4"


def test_whoever_comes_second_keeps_their_typing_and_sees_the_others() -> None:
    was = {"client_id": "a", "time_zone": "UTC", "locations": "l-1"}
    now = {"client_id": "theirs", "time_zone": "Asia/Tokyo", "locations": "l-1"}
    mine = dict.fromkeys(typed_names(), "") | {
        "client_id": "mine",
        "time_zone": "UTC",
        "locations": "l-1, l-2",
    }
    filled = Filled(typed=mine, version=1, was=dict.fromkeys(typed_names(), "") | was)

    shown, clashes = merge(filled, dict.fromkeys(typed_names(), "") | now)

    assert (shown["client_id"], shown["time_zone"], shown["locations"]) == ("mine", "Asia/Tokyo", "l-1, l-2")
    assert {one.name: one.is_both for one in clashes} == {"client_id": True, "time_zone": False}


def typed_names() -> list[str]:
    blank = {
        "vendor": "epic", "client_kind": "public", "client_id": "", "system_client_id": None, "patient_base_url": None,
        "patient_client_id": None, "locations": [], "practitioners": [], "write_back": [], "frame_ancestors": [],
        "time_zone": "UTC", "phone_region": "US", "confirm_existing": False, "lobby_opens_min": 1,
        "window_closes_min": 1, "requests_per_min": 600,
    }  # fmt: skip
    return list(typed_of(connection(**blank)))
