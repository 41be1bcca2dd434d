"""A launch: begun, finished once, and from then on one chart's session."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from housecall.ehr.base import AppointmentRef, AppointmentStatus
from housecall.ehr.errors import EhrTokenExpired, EhrUnavailable, LaunchReplayed
from housecall.tenancy.errors import ConnectionNotWorking
from housecall.tenancy.model import Protection
from housecall.tenancy.service import go_live
from housecall.tenancy.tables import Connection
from housecall.visits.access import note_active, tokens_of
from housecall.visits.errors import HandoverDead, LaunchDenied, LaunchForeign, LaunchUnknown, LaunchUsed
from housecall.visits.handover import make_handover, use_handover
from housecall.visits.launches import find_launch
from housecall.visits.tables import Launch
from tests.visits.clinic import NURSE
from tests.visits.hospital import BORIS, DOCTOR, Hospital


async def row_of(hospital: Hospital, launch_id: str) -> Launch:
    async with hospital.clinic.database.work() as work:
        return await work.session.get_one(Launch, launch_id)


async def test_a_finished_launch_is_a_session_about_the_patients_visit(hospital: Hospital) -> None:
    hospital.book()
    begun = await hospital.begin()

    launch = await hospital.finish(begun, *hospital.approve(begun))

    assert launch.user_ref == DOCTOR
    assert launch.visit_ids == [visit.id for visit in await hospital.visits()]
    async with hospital.clinic.database.work() as work:
        now = hospital.clinic.now
        assert await find_launch(work, launch.id, begun.cookie_secret, now=now) is not None
        assert await find_launch(work, launch.id, "another browser's", now=now) is None
        assert await find_launch(work, launch.id, begun.cookie_secret, now=now + timedelta(hours=13)) is None


async def test_a_callback_is_good_once(hospital: Hospital) -> None:
    begun = await hospital.begin()
    state, code = hospital.approve(begun)
    await hospital.finish(begun, state, code)

    with pytest.raises(LaunchUsed):
        await hospital.finish(begun, state, code)


async def test_a_callback_in_another_browser_is_refused_and_leaves_the_launch_to_its_own(
    hospital: Hospital,
) -> None:
    begun = await hospital.begin()
    state, code = hospital.approve(begun)

    with pytest.raises(LaunchForeign):
        await hospital.finish(begun, state, code, cookie_of=lambda _: "stolen")
    with pytest.raises(LaunchForeign):
        await hospital.finish(begun, state, code, cookie_of=lambda _: None)

    assert (await hospital.finish(begun, state, code)).state == "active"


@pytest.mark.parametrize("state", [None, "", "made-up"])
async def test_a_callback_with_a_state_that_is_not_ours_is_refused(
    hospital: Hospital, state: str | None
) -> None:
    begun = await hospital.begin()

    with pytest.raises(LaunchUnknown):
        await hospital.finish(begun, state, "code")


async def test_a_launch_that_took_over_ten_minutes_is_begun_again(hospital: Hospital) -> None:
    begun = await hospital.begin()
    state, code = hospital.approve(begun)
    hospital.clinic.later(minutes=11)

    with pytest.raises(LaunchUnknown):
        await hospital.finish(begun, state, code)


async def test_a_refusal_by_the_ehr_is_recorded_without_its_words(hospital: Hospital) -> None:
    begun = await hospital.begin()
    state, _ = hospital.approve(begun)

    with pytest.raises(LaunchDenied):
        await hospital.finish(begun, state, None, error="access_denied")

    assert (await row_of(hospital, begun.launch_id)).state == "refused"
    async with hospital.clinic.database.work() as work:
        found = await work.session.execute(
            text("SELECT detail->>'reason' FROM audit_entry WHERE act = 'visits:launch:refused'")
        )
    assert found.scalars().all() == ["access_denied"]


async def test_a_code_the_ehr_does_not_know_ends_the_launch(hospital: Hospital) -> None:
    begun = await hospital.begin()
    state, _ = hospital.approve(begun)

    with pytest.raises(LaunchReplayed):
        await hospital.finish(begun, state, "a code from elsewhere")
    with pytest.raises(LaunchUsed):
        await hospital.finish(begun, state, "a code from elsewhere")


async def test_an_ehr_that_is_down_begins_nothing(hospital: Hospital) -> None:
    hospital.ehr.fault = EhrUnavailable()

    with pytest.raises(EhrUnavailable):
        await hospital.begin()


async def test_no_secret_of_a_launch_stands_in_its_row(hospital: Hospital) -> None:
    begun = await hospital.begin()
    launch = await hospital.finish(begun, *hospital.approve(begun))
    tokens = await tokens_of(hospital.clinic.desk, hospital.clinic.database, launch)
    assert tokens is not None
    assert tokens.refresh_token is not None

    async with hospital.clinic.database.work() as work:
        row = (await work.session.execute(text("SELECT row_to_json(launch)::text FROM launch"))).scalar_one()

    for secret in (begun.cookie_secret, tokens.access_token, tokens.refresh_token, "patient-anna"):
        assert secret not in row
        assert secret.encode().hex() not in row


async def test_nothing_to_show_is_a_session_without_visits(hospital: Hospital) -> None:
    hospital.book(is_virtual=False)
    hospital.book("a-2", patient=BORIS)
    hospital.book("a-3", status=AppointmentStatus.cancelled)

    launch = await hospital.launch()

    assert launch.visit_ids == []


async def test_several_of_today_are_all_offered_earliest_first(hospital: Hospital) -> None:
    hospital.book("late", in_minutes=300)
    hospital.book("soon", in_minutes=10)

    launch = await hospital.launch()

    refs = {visit.id: visit.appointment_ref for visit in await hospital.visits()}
    assert [refs[one] for one in launch.visit_ids] == ["soon", "late"]


async def test_without_one_today_the_next_one_is_meant(hospital: Hospital) -> None:
    hospital.book("in-two-days", in_minutes=2 * 24 * 60)
    hospital.book("in-three-days", in_minutes=3 * 24 * 60)

    launch = await hospital.launch()

    refs = {visit.id: visit.appointment_ref for visit in await hospital.visits()}
    assert [refs[one] for one in launch.visit_ids] == ["in-two-days"]


async def test_an_appointment_named_by_the_launch_is_taken(hospital: Hospital) -> None:
    hospital.book("one")
    hospital.book("two")

    launch = await hospital.launch(appointments=(AppointmentRef("two"),))

    assert [visit.appointment_ref for visit in await hospital.visits()] == ["two"]
    assert len(launch.visit_ids) == 1


async def test_an_appointment_of_somebody_else_is_not_shown_in_this_chart(hospital: Hospital) -> None:
    """A mixed-up context must not put one patient's visit into another's chart."""
    hospital.book("annas")
    hospital.book("boris", patient=BORIS)

    launch = await hospital.launch(appointments=(AppointmentRef("boris"),))

    refs = {visit.id: visit.appointment_ref for visit in await hospital.visits()}
    assert [refs[one] for one in launch.visit_ids] == ["annas"]


async def test_a_second_launch_finds_the_same_visit(hospital: Hospital) -> None:
    hospital.book()

    first, second = await hospital.launch(), await hospital.launch()

    assert first.id != second.id
    assert first.visit_ids == second.visit_ids


async def test_tokens_are_refreshed_before_they_end(hospital: Hospital) -> None:
    launch = await hospital.launch()
    desk, database = hospital.clinic.desk, hospital.clinic.database
    before = await tokens_of(desk, database, launch)
    hospital.clinic.later(seconds=480)

    await note_active(desk, database, launch.id, timedelta(seconds=5))

    after = await tokens_of(desk, database, launch)
    assert before is not None
    assert after is not None
    assert after.access_token != before.access_token
    assert after.expires_at > hospital.clinic.now + timedelta(minutes=9)
    assert after.refresh_token == before.refresh_token


async def test_a_session_that_is_over_in_the_ehr_says_so_when_it_is_needed(hospital: Hospital) -> None:
    launch = await hospital.launch()
    desk, database = hospital.clinic.desk, hospital.clinic.database
    hospital.ehr.end_sessions()
    hospital.clinic.later(seconds=600)

    await note_active(desk, database, launch.id, timedelta(seconds=5))

    with pytest.raises(EhrTokenExpired):
        await tokens_of(desk, database, launch)


async def test_a_production_connection_is_tested_by_its_launch_and_waits_to_go_live(
    hospital: Hospital,
) -> None:
    async with hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
        connection.environment = "production"
    hospital.book()

    with pytest.raises(ConnectionNotWorking, match="test launch worked"):
        await hospital.launch()

    async with hospital.clinic.database.work() as work:
        assert (await work.session.get_one(Connection, connection.id)).state == "tested"
    assert await hospital.visits() == []


async def test_a_hand_over_opens_one_visit_once(hospital: Hospital) -> None:
    hospital.book()
    launch = await hospital.launch()
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        code = await make_handover(clinic.desk, work, launch, launch.visit_ids[0])

    async with clinic.database.work() as work:
        opened, secret = await use_handover(clinic.desk, work, code)

    assert opened.id != launch.id
    assert opened.visit_ids == launch.visit_ids
    assert await tokens_of(clinic.desk, clinic.database, opened) is not None
    async with clinic.database.work() as work:
        assert await find_launch(work, opened.id, secret, now=clinic.now) is not None
        with pytest.raises(HandoverDead):
            await use_handover(clinic.desk, work, code)


async def test_a_hand_over_dies_after_two_minutes_and_with_its_launch(hospital: Hospital) -> None:
    hospital.book()
    launch = await hospital.launch()
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        late = await make_handover(clinic.desk, work, launch, launch.visit_ids[0])
    clinic.later(minutes=3)

    async with clinic.database.work() as work:
        with pytest.raises(HandoverDead):
            await use_handover(clinic.desk, work, late)


async def test_a_launch_whose_time_is_over_holds_no_token_any_more(hospital: Hospital) -> None:
    launch = await hospital.launch()
    lasting = await hospital.launch()
    async with hospital.clinic.database.work() as work:
        (await work.session.get_one(Launch, launch.id)).expires_at = hospital.clinic.now

    await hospital.clinic.sweep()

    over, other = await row_of(hospital, launch.id), await row_of(hospital, lasting.id)
    assert (over.state, over.tokens_sealed, over.encounter_ref_sealed) == ("ended", None, None)
    assert (other.state, other.tokens_sealed is None) == ("active", False)


async def test_a_production_connection_goes_live_after_its_test_or_by_an_override_on_record(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    for tested in (True, False):
        async with clinic.database.work() as work:
            connection = await work.session.get_one(Connection, clinic.connection.id)
            connection.state = "tested" if tested else "validated"
            await go_live(work, connection, protection=Protection.relay, now=clinic.now, by=NURSE)
            assert connection.state == "live"

    async with clinic.database.work() as work:
        found = await work.session.execute(
            text("SELECT detail->>'verb' FROM audit_entry WHERE act = 'tenancy:connection:state_changed'")
        )
        assert found.scalars().all() == ["go_live", "override"]
