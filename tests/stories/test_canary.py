"""Planted people play a visit; afterwards they are nowhere they should not be."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from housecall.db.embedded import EmbeddedPostgres
from tests.stories.demo import Demo
from tests.stories.planted import DOCTOR_LOGIN, every_row, find_in, plant
from tests.stories.planted_visit import Played
from tests.stories.theatre import Theatre


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(chromium: Browser) -> AsyncIterator[Played]:
    demo = await asyncio.to_thread(Demo("--teams", HOUSECALL_LOG_LEVEL="DEBUG").start)
    people = plant(demo)
    theatre = Theatre(demo, chromium)
    story = Played(demo, people)
    await story.play_in_teams(theatre)
    await story.play(theatre)
    await story.play_sad_ones(theatre)
    await story.hear_of_quality()
    await theatre.close()
    yield story
    await asyncio.to_thread(demo.stop)


@pytest.fixture
def server(played: Played) -> EmbeddedPostgres:
    return EmbeddedPostgres.join(played.demo.folder / "data")


def test_no_table_holds_anything_of_the_patient_or_the_clinicians_name(
    played: Played, server: EmbeddedPostgres
) -> None:
    rows = every_row(server)
    server.leave()

    wanted = played.people.of_patient + played.people.of_clinician
    assert sum(len(text) for text in rows.values()) > 10_000
    assert {table: hits for table, text in rows.items() if (hits := find_in(text, wanted))} == {}


def test_the_sweep_would_find_what_is_there(played: Played, server: EmbeddedPostgres) -> None:
    """The clinician's EHR id is the one thing of a person that is stored: the same sweep must find it."""
    rows = every_row(server)
    server.leave()

    assert any(find_in(text, [played.people.doctor_id]) for text in rows.values())


def test_no_table_holds_the_link_or_a_bearer_token(played: Played, server: EmbeddedPostgres) -> None:
    rows = every_row(server)
    server.leave()

    assert len(played.tokens) == 3
    assert all(len(token) >= 22 for token in played.tokens)
    assert {table for table, text in rows.items() if find_in(text, [*played.tokens, "Bearer "])} == set()


def test_no_log_holds_a_person_or_a_link(played: Played) -> None:
    logs = played.logs()

    wanted = played.people.of_patient + played.people.of_clinician + played.tokens
    assert len(logs["housecall"]) > 500
    assert {name: hits for name, text in logs.items() if (hits := find_in(text, wanted))} == {}


def test_no_address_of_ours_holds_a_person(played: Played) -> None:
    wanted = played.people.of_patient + played.people.of_clinician + [played.people.doctor_id]

    assert len(played.addresses) > 10
    assert [address for address in played.addresses if find_in(address, wanted)] == []


async def test_the_patient_received_nothing_that_says_who_the_clinician_is(played: Played) -> None:
    text = await played.received.text()

    assert "peer" in text
    assert find_in(text, [*played.people.of_clinician, played.people.doctor_id]) == []


def test_before_admission_the_patient_received_nothing_about_the_room(played: Played) -> None:
    frames = [part for part in played.before_admission if part.startswith("ws")]

    assert any('"state":"waiting"' in frame for frame in frames)
    for frame in frames:
        assert not find_in(frame, ['"peer', "ice_servers", "clinician", '"signal"', '"admitted"'])


def test_the_patient_received_nothing_of_their_own_record_either(played: Played) -> None:
    text = "\n".join(played.received.parts)

    assert find_in(text, played.people.of_patient) == []


def test_microsoft_is_told_nothing_of_the_patient_and_of_the_clinician_only_an_address(
    played: Played,
) -> None:
    """Graph finds a clinician by the address that the EHR has: once, in a body, and in no address of a request."""
    said = played.told_graph()

    wanted = [*played.people.of_patient, played.people.doctor_id, *played.tokens]
    names = [one for one in played.people.of_clinician if one != DOCTOR_LOGIN]
    for part in ("/createOrGet", "/subscriptions", "/attendanceReports", "/callRecords/"):
        assert [one for one in said if part in one.splitlines()[0]] != [], part
    assert {one: hits for one in said if (hits := find_in(one, [*wanted, *names]))} == {}
    by_address = [one.splitlines() for one in said if find_in(one, [DOCTOR_LOGIN])]
    assert {lines[0].partition("/v1.0")[2] for lines in by_address} == {"/$batch"}


def test_a_name_typed_in_teams_is_nowhere_with_us_not_even_while_the_visit_lasts(played: Played) -> None:
    """The roster brings the names of everybody along, encrypted for us; what is kept of it has none of them."""
    wanted = [*played.people.of_patient, *played.people.of_clinician]

    assert '"people"' in played.during["public.visit_meeting"]
    assert {table: hits for table, text in played.during.items() if (hits := find_in(text, wanted))} == {}


def test_the_way_into_the_meeting_is_in_no_table_in_no_log_and_in_no_address_of_ours(
    played: Played, server: EmbeddedPostgres
) -> None:
    rows = every_row(server)
    server.leave()

    ways = [played.thread, played.thread.partition("@")[0], quote(played.thread, safe="")]
    assert len(played.thread) > 30
    places = rows | {f"{table} during": text for table, text in played.during.items()} | played.logs()
    places |= {one: one for one in played.addresses if one.startswith(played.demo.url)}
    assert {place: hits for place, text in places.items() if (hits := find_in(text, ways))} == {}


async def test_our_own_pages_say_nothing_of_the_clinician_where_the_visit_is_in_teams(played: Played) -> None:
    text = await played.received_in_teams.text()

    assert '"elsewhere"' in text
    assert (
        find_in(text, [*played.people.of_clinician, played.people.doctor_id, *played.people.of_patient]) == []
    )
