"""A visit without an appointment: two presses, nothing of it in the EHR, its patient kept sealed while it lasts."""

import pytest
from sqlalchemy import select

from housecall.audit.model import Actor, By
from housecall.db.work import Work
from housecall.tenancy.tables import Connection
from housecall.visits import instant, lobby, service
from housecall.visits.details import read_details
from housecall.visits.errors import ChartMissing
from housecall.visits.handover import make_handover, use_handover
from housecall.visits.tables import Launch, Visit, WriteBack
from housecall.visits.tables_instant import InstantVisit
from housecall.visits.texting import send_link
from tests.visits.hospital import ANNA, BORIS, DOCTOR, Hospital, outbox_of

ME = By(Actor.clinician, DOCTOR)


async def begun(hospital: Hospital, launch: Launch) -> Visit:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        return await instant.begin(clinic.desk, work, launch, by=ME)


async def kept(work: Work) -> list[InstantVisit]:
    return list(await work.session.scalars(select(InstantVisit)))


async def test_the_chart_that_is_open_has_a_visit_now_and_pressing_twice_makes_one(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    launch = await hospital.launch()
    assert launch.visit_ids == []

    visit, again = await begun(hospital, launch), await begun(hospital, launch)

    assert visit.id == again.id
    assert (visit.starts_at, visit.clinician_ref, visit.state) == (clinic.now, DOCTOR, "scheduled")
    details = await read_details(clinic.desk, clinic.database, launch, visit.id)
    assert (details["patient"]["name"], details["service"]) == ("Anna Holm", "Without an appointment")
    await clinic.in_call(visit)
    assert (await clinic.fresh(visit)).began_at == clinic.now
    assert "visits:visit:begun_now" in await clinic.acts()


async def test_nothing_of_it_is_written_to_the_ehr_and_the_feed_leaves_it_alone(hospital: Hospital) -> None:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        connection = await work.session.get_one(Connection, clinic.connection.id)
        connection.write_back = ["links", "status", "presence"]
    visit = await begun(hospital, await hospital.launch())

    await hospital.poll()
    seat = await clinic.waiting(visit)
    await clinic.join(visit, user=DOCTOR)
    await clinic.staff(service.admit, visit)
    await clinic.act(lobby.patient_joined, seat.id)
    await hospital.poll()

    assert (await clinic.fresh(visit)).state == "in_progress"
    async with clinic.database.work() as work:
        assert list(await work.session.scalars(select(WriteBack))) == []
    assert hospital.ehr.links == {}


async def test_the_link_goes_to_the_number_that_the_ehr_has_when_it_leaves(hospital: Hospital) -> None:
    clinic = hospital.clinic
    visit = await begun(hospital, await hospital.launch())
    outbox, provider = outbox_of(hospital)

    await send_link(clinic.desk, clinic.database, clinic.org_id, visit.id, typed=None, by=ME)
    await outbox.send_due()

    [text] = provider.sent
    assert text.to == "+15550140001"
    assert "/v/" in text.body


async def test_where_nobody_knows_the_patient_the_link_goes_to_what_is_typed_and_nowhere_else(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        visit = await instant.begin_for_anybody(clinic.desk, work, clinic.connection, by=ME)
    outbox, provider = outbox_of(hospital)

    await send_link(clinic.desk, clinic.database, clinic.org_id, visit.id, typed=None, by=ME)
    await outbox.send_due()
    assert [(one.state, one.reason) for one in await hospital.messages()] == [("suppressed", "no_mobile")]
    await send_link(clinic.desk, clinic.database, clinic.org_id, visit.id, typed="+15550149999", by=ME)
    await outbox.send_due()

    assert [text.to for text in provider.sent] == ["+15550149999"]


async def test_the_patient_is_kept_sealed_and_only_while_the_visit_can_go_on(hospital: Hospital) -> None:
    clinic = hospital.clinic
    launch = await hospital.launch()
    await begun(hospital, launch)
    async with clinic.database.work() as work:
        [row] = await kept(work)
        assert ANNA.encode() not in row.patient_sealed + row.key_sealed + (launch.patient_ref_sealed or b"")

    clinic.later(hours=3)
    await clinic.sweep()

    async with clinic.database.work() as work:
        assert await kept(work) == []
    clinic.later(hours=10)
    await clinic.sweep()
    async with clinic.database.work() as work:
        assert (await work.session.get_one(Launch, launch.id)).patient_ref_sealed is None


async def test_whoever_opens_the_same_chart_meanwhile_finds_it_and_another_charts_launch_does_not(
    hospital: Hospital,
) -> None:
    visit = await begun(hospital, await hospital.launch())

    again = await hospital.launch()
    other = await hospital.launch(patient=BORIS)

    assert (again.visit_ids, other.visit_ids) == ([visit.id], [])


async def test_a_window_of_one_visit_begins_no_other(hospital: Hospital) -> None:
    clinic = hospital.clinic
    launch = await hospital.launch()
    visit = await begun(hospital, launch)
    async with clinic.database.work() as work:
        code = await make_handover(clinic.desk, work, launch, visit.id)
        window, _ = await use_handover(clinic.desk, work, code)

    assert not instant.may_begin(window, [])
    assert not instant.may_begin(launch, [visit])
    assert instant.may_begin(launch, [])
    with pytest.raises(ChartMissing):
        await begun(hospital, window)
