"""Many records at once, with as few requests as the EHR allows."""

import pytest

from housecall.ehr.base import Vendor
from housecall.ehr.errors import (
    AnswerUnreadable,
    AppointmentGone,
    ClinicianGone,
    EhrThrottled,
    EhrUnavailable,
    PersonGone,
)
from tests.ehr.small_ehr import appointment, fixture


def people(ehr, count):
    refs = [f"p{number}" for number in range(count)]
    ehr.patients |= {ref: fixture("patient_full") | {"id": ref} for ref in refs}
    return refs


async def test_people_come_in_batches(ehr):
    refs = people(ehr, 70)

    found = await ehr.client(vendor=Vendor.millennium).read_people([*refs, refs[0], "nobody"])

    assert list(found) == refs
    assert len(ehr.asked("/t1")) == 3
    assert not [seen for seen in ehr.requests if "/Patient/" in seen[1] and "nobody" not in seen[1]]


@pytest.mark.parametrize("status", [400, 404, 405, 501])
async def test_where_batches_are_refused_people_are_read_otherwise(ehr, status):
    refs = people(ehr, 3)
    ehr.batch_status = status
    client = ehr.client()

    for _ in range(2):
        assert list(await client.read_people(refs)) == refs


async def test_a_refused_batch_is_not_tried_again(ehr):
    refs = people(ehr, 3)
    ehr.batch_status = 405
    client = ehr.client()
    for _ in range(3):
        await client.read_people(refs)

    assert len(ehr.asked("/t1")) == 1


async def test_epic_is_read_one_by_one(ehr):
    refs = people(ehr, 3)

    assert list(await ehr.client(vendor=Vendor.epic).read_people(refs)) == refs
    assert not ehr.asked("/t1")


async def test_one_broken_person_leaves_the_others(ehr):
    refs = people(ehr, 3)
    ehr.patients["p1"] = {"resourceType": "Odd", "id": "p1"}

    assert list(await ehr.client().read_people(refs)) == ["p0", "p2"]


async def test_nobody_asked_is_no_request(ehr):
    assert await ehr.client().read_people([]) == {}
    assert await ehr.client().read_appointments([]) == {}
    assert ehr.requests == []


async def test_an_ehr_that_is_down_is_not_an_empty_answer(ehr):
    ehr.fails = lambda request: True
    client = ehr.client()

    with pytest.raises(EhrUnavailable):
        await client.read_people(["9001", "9002"])
    with pytest.raises(EhrUnavailable):
        await client.read_appointments(["70001"])


async def test_throttling_in_the_middle_is_told(ehr):
    ehr.throttled = 5

    with pytest.raises(EhrThrottled):
        await ehr.client().read_people(people(ehr, 3))


async def test_appointments_come_by_lists_of_ids(ehr):
    refs = [f"a{number}" for number in range(60)]
    ehr.appointments |= {ref: appointment(ref, "2026-12-01T10:00:00Z") for ref in refs}

    found = await ehr.client().read_appointments([*refs, "gone"])

    assert sorted(found) == sorted(refs)
    assert len(ehr.asked("/Appointment")) == 2


async def test_a_broken_appointment_does_not_hide_its_neighbours(ehr):
    ehr.appointments["bad"] = appointment("bad", "2026-12-01T10:00:00Z")
    ehr.fails = lambda request: "bad" in str(request.url)

    assert list(await ehr.client().read_appointments(["70001", "bad"])) == ["70001"]


async def test_what_is_gone_is_said_by_kind(ehr):
    client = ehr.client()

    with pytest.raises(AppointmentGone):
        await client.read_appointment("gone")
    with pytest.raises(PersonGone):
        await client.read_person("gone")
    with pytest.raises(ClinicianGone):
        await client.read_clinician("gone")


@pytest.mark.parametrize("ref", ["../Practitioner/501", "9001?_format=xml", "..", "", "9001,9002", "a b"])
async def test_an_id_cannot_lead_elsewhere(ehr, ref):
    client = ehr.client()

    with pytest.raises(PersonGone):
        await client.read_person(ref)
    assert await client.read_people([ref]) == {}
    assert ehr.requests == []


async def test_a_record_of_another_kind_is_unreadable(ehr):
    ehr.appointments["odd"] = {"resourceType": "Slot", "id": "odd"}

    with pytest.raises(AnswerUnreadable):
        await ehr.client().read_appointment("odd")
