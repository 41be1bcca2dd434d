"""Waiting elsewhere: the place is kept, the text leaves when staff say so, and a return is an arrival."""

from typing import Any

import pytest

from housecall.kit.ids import OrgId
from housecall.messaging.model import MessageKind
from housecall.messaging.service import list_messages
from housecall.visits import lobby
from housecall.visits.errors import CannotBeTexted, NotWaiting
from housecall.visits.model import GONE_AFTER
from housecall.visits.service import acknowledge_arrival
from housecall.visits.tables import Seat, Visit
from housecall.visits.texting_ready import ask_for_text, call_in, drop_text
from tests.visits.hospital import Hospital, a_person


async def a_waiting_patient(hospital: Hospital) -> tuple[Visit, Seat]:
    await hospital.poll()
    hospital.book(in_minutes=5)
    await hospital.poll()
    visit = (await hospital.visits())[0]
    return visit, await hospital.clinic.waiting(visit)


async def ask(hospital: Hospital, seat: Seat) -> dict[str, Any]:
    clinic = hospital.clinic
    return await ask_for_text(clinic.desk, clinic.database, clinic.org_id, seat.id)


async def go_away(hospital: Hospital, visit: Visit) -> None:
    person = await hospital.clinic.patient(visit)
    await hospital.clinic.act(lobby.patient_gone, person.id, "tab-1")
    hospital.clinic.later(seconds=GONE_AFTER.total_seconds() + 1)
    await hospital.clinic.sweep()


async def test_who_asked_to_be_texted_keeps_the_place_away_from_the_page(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)

    state = await ask(hospital, seat)
    await go_away(hospital, visit)

    person = await hospital.clinic.patient(visit)
    assert (state["texting"], person.state, person.present) == (True, "waiting", False)


async def test_who_did_not_ask_is_gone_after_a_while_as_before(hospital: Hospital) -> None:
    visit, _ = await a_waiting_patient(hospital)

    await go_away(hospital, visit)

    assert (await hospital.clinic.patient(visit)).state == "left"


async def test_staff_see_that_they_wait_elsewhere_and_have_them_texted(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)
    await ask(hospital, seat)
    await go_away(hospital, visit)

    view = await hospital.clinic.staff(call_in, visit)

    async with hospital.clinic.database.work() as work:
        kinds = [one.kind for one in await list_messages(work, OrgId(visit.org_id), visit.id)]
    assert view["patient"]["text_me"] is True
    assert view["patient"]["called_at"] is not None
    assert MessageKind.ready in kinds


async def test_back_by_the_text_they_arrive_anew(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)
    await ask(hospital, seat)
    await hospital.clinic.staff(acknowledge_arrival, visit)
    await go_away(hospital, visit)
    await hospital.clinic.staff(call_in, visit)
    person = await hospital.clinic.patient(visit)

    await hospital.clinic.act(lobby.patient_back, person.id, "tab-2")

    view = await hospital.clinic.view(visit)
    assert view["patient"]["state"] == "waiting"
    assert view["patient"]["text_me"] is False
    assert view["patient"]["arrival"]["acknowledged"] is False


async def test_a_reload_before_being_called_changes_nothing(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)
    await ask(hospital, seat)
    person = await hospital.clinic.patient(visit)

    await hospital.clinic.act(lobby.patient_back, person.id, "tab-2")

    assert (await hospital.clinic.view(visit))["patient"]["text_me"] is True


async def test_who_stays_after_all_is_an_ordinary_waiter_again(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)
    await ask(hospital, seat)

    state = await hospital.clinic.act(drop_text, seat.id)

    assert state["texting"] is False
    with pytest.raises(NotWaiting):
        await hospital.clinic.staff(call_in, visit)


@pytest.mark.parametrize("refusal", ["no_mobile", "opted_out"])
async def test_nobody_leaves_the_page_for_a_text_that_cannot_come(hospital: Hospital, refusal: str) -> None:
    visit, seat = await a_waiting_patient(hospital)
    hospital.ehr.put_person(a_person(sms_number=None, sms_refusal=refusal))

    with pytest.raises(CannotBeTexted) as fault:
        await ask(hospital, seat)

    assert fault.value.reason == refusal
    assert (await hospital.clinic.patient(visit)).text_me_at is None


async def test_who_does_not_wait_cannot_ask(hospital: Hospital) -> None:
    visit, seat = await a_waiting_patient(hospital)
    await hospital.clinic.act(lobby.patient_left, seat.id)

    with pytest.raises(NotWaiting):
        await ask(hospital, seat)
    assert (await hospital.clinic.patient(visit)).state == "left"
