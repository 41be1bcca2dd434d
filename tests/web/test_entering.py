"""Between the admission and the first picture nothing waits for what is only being written down."""

from collections.abc import AsyncIterator

import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.visits import service, store
from housecall.visits.tables import Visit
from tests.visits.clinic import open_clinic
from tests.web.live import Live, Page, serve

OFFER = {"description": {"type": "offer", "sdp": "v=0\r\n"}}


@pytest_asyncio.fixture(loop_scope="session")
async def live(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Live]:
    async with serve(await open_clinic(database, clock, sealer)) as made:
        yield made


async def admitted(live: Live) -> tuple[Visit, Page, Page, str]:
    """A visit whose clinician is in the room and whose patient was just let in; and the clinician's id."""
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff = await live.staff(await live.launch(visit.id))
    await staff.say("join", visit=visit.id)
    entered = await staff.until("room")
    await live.clinic.staff(service.admit, visit)
    await patient.until("admitted")
    return visit, patient, staff, entered["self"]


async def test_the_first_offer_passes_while_the_patients_entrance_is_still_being_written(live: Live) -> None:
    visit, patient, staff, clinician_id = await admitted(live)

    async with live.house.database.work() as work:
        await store.lock_visit(work, live.clinic.org_id, visit.id)
        await patient.say("joined")
        await patient.say("signal", to=clinician_id, data=OFFER)
        offer = await staff.until("signal")
        still = (await live.clinic.patient(visit)).state

    assert offer["data"] == OFFER
    assert still == "admitted"
    await patient.state("connected")


async def test_the_room_hears_once_of_whom_is_let_in_and_before_they_can_say_anything(live: Live) -> None:
    _, patient, staff, clinician_id = await admitted(live)

    await patient.say("joined")
    await patient.say("signal", to=clinician_id, data=OFFER)
    await staff.until("signal")
    await patient.state("connected")
    await patient.settle()
    await staff.settle()

    told = [kind for kind in staff.types() if kind in ("peer-joined", "signal")]
    assert told == ["peer-joined", "signal"]


async def test_an_act_after_the_entrance_comes_after_it(live: Live) -> None:
    """Whoever presses leave in the second in which they come in has left, and is not in the room again."""
    visit, patient, _, _ = await admitted(live)

    async with live.house.database.work() as work:
        await store.lock_visit(work, live.clinic.org_id, visit.id)
        await patient.say("joined")
        await patient.say("leave")
        await live.clinic.somebody_waits_for_a_lock()
    await patient.until("over")

    states = [message["state"] for message in patient.heard if message["type"] == "state"]
    assert states[-2:] == ["connected", "left"]


async def test_an_entrance_that_is_refused_is_said_so_and_the_socket_stays(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)

    await patient.say("joined")
    refused = await patient.until("error")
    await patient.settle()

    assert refused["code"] == "visits.not_admitted"
