"""What a patient's browser may receive: the table is what the server goes by, and what the portal shows."""

import json
import re

import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from housecall.visits import service
from housecall.visits.topics import participant_topic, room_topic
from housecall.web.patient_sight import MESSAGES, PAGE, TRIED, TURN, let_through, of_page
from tests.shape.source import ROOT
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve
from tests.web.test_write_back import as_browser, signed_in


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


def test_a_field_that_is_in_no_table_is_taken_out_at_every_depth() -> None:
    state = {
        "type": "state",
        "state": "waiting",
        "clinician": "Dr Vale",
        "message": {"text": "Soon", "by": "Dr Vale"},
    }
    admitted = {
        "type": "admitted",
        "self": "p_1",
        "peers": [{"peer": "p_2", "role": "clinician", "user": "593101"}],
    }

    assert let_through(state, is_in_room=False) == {
        "type": "state",
        "state": "waiting",
        "message": {"text": "Soon"},
    }
    assert let_through(admitted, is_in_room=True) == {
        "type": "admitted",
        "self": "p_1",
        "peers": [{"peer": "p_2", "role": "clinician"}],
    }
    assert of_page({"clinic": "Lakeside", "clinician": "Dr Vale"}) == {"clinic": "Lakeside"}


def test_what_belongs_to_the_room_waits_for_admission_and_what_is_unknown_never_comes() -> None:
    for kind in ("admitted", "peer-joined", "peer-left", "signal"):
        assert let_through({"type": kind, "peer": "p_2"}, is_in_room=False) is None
        assert let_through({"type": kind, "peer": "p_2"}, is_in_room=True) is not None

    assert let_through({"type": "visit", "visit": {"clinician": "Dr Vale"}}, is_in_room=True) is None


async def test_nothing_that_is_published_gets_round_the_table(clinic: Clinic) -> None:
    visit = await clinic.visit()
    async with serve(clinic) as live:
        page = await live.waiting(visit)
        person = await clinic.patient(visit)
        topic = participant_topic(person.id)
        await live.house.hub.publish(topic, {"type": "visit", "visit": {"clinician": "Dr Vale"}})
        await live.house.hub.publish(
            topic, {"type": "state", "rev": 10**6, "state": "waiting", "clinician": "Dr Vale"}
        )
        await live.house.hub.publish(
            room_topic(visit.id), {"type": "peer-joined", "peer": "p_9", "name": "Dr Vale"}
        )
        await page.settle()
        heard = list(page.heard)

    assert heard[-2]["type"] == "state"
    assert heard[-2]["rev"] == 10**6
    assert "Dr Vale" not in json.dumps(heard)
    assert "peer-joined" not in [message["type"] for message in heard]


async def test_a_whole_visit_is_in_the_table_word_for_word(clinic: Clinic) -> None:
    visit = await clinic.visit()
    async with serve(clinic) as live:
        staff = await live.staff(await live.launch(visit.id))
        page = await live.waiting(visit)
        await staff.say("join", visit=visit.id)
        await clinic.staff(service.admit, visit)
        await page.until("admitted")
        await page.say("joined")
        await page.state("connected")
        await clinic.staff(service.end_visit, visit)
        await page.until("over")
        heard = list(page.heard)

    types = {message["type"] for message in heard}
    assert types >= {"state", "admitted", "over"}
    for message in heard:
        parts = MESSAGES[message["type"]].parts
        assert set(message) - {"type"} <= set(parts)
    assert set(heard[0]) - {"type"} == set(MESSAGES["state"].parts)


async def test_the_page_shows_every_row_of_the_table_to_auditors(clinic: Clinic) -> None:
    async with serve(clinic) as live:
        client = as_browser(await signed_in(live, Role.auditor))
        shown = (await client.get("/portal/patients-see")).text
        await client.aclose()

    assert set(re.findall(r'data-message="([\w-]+)"', shown)) == {
        *MESSAGES,
        "page",
        "turn",
        "relay",
        "socket",
    }
    said = [part.says for sight in MESSAGES.values() for part in sight.parts.values()]
    said += [part.says for part in (*PAGE.values(), *TURN.values(), *TRIED.values())]
    text = shown.replace("&#39;", "'")
    assert [one for one in said if one not in text] == []


def test_every_message_of_the_table_is_in_the_protocol_and_the_reverse() -> None:
    page = (ROOT / "docs" / "reference" / "socket-protocol.md").read_text(encoding="utf-8")
    patients = page.split("## The patient's socket")[1].split("### Browser to server")[0]

    described = set(re.findall(r'"type": "([a-z-]+)"', patients)) - {"offer"}
    assert described - {"moving", "error"} == set(MESSAGES)
