"""The summary of a visit, filed to the chart by a clinician's press: once, as them, and never twice by accident."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.ehr.errors import EhrError, EhrThrottled, EhrUnavailable, WriteRefused
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.visits import lobby, service
from housecall.visits.errors import (
    EncounterMissing,
    SummaryFiled,
    SummaryTooEarly,
    SummaryUncertain,
    SummaryUnderWay,
)
from housecall.visits.handover import make_handover, use_handover
from housecall.visits.model import WriteKind
from housecall.visits.store_writing import lock_row
from housecall.visits.summary import file_summary
from housecall.visits.tables import Launch, Visit, WriteBack
from tests.visits.hospital import ANNA, DOCTOR, Hospital, open_hospital


@dataclass
class Office:
    """A chart that was opened, and the visit in it."""

    hospital: Hospital
    launch: Launch
    visit: Visit

    async def end(self) -> None:
        """Patient and clinician meet for twelve and a half minutes, after a wait of two."""
        clinic = self.hospital.clinic
        seat = await clinic.waiting(self.visit)
        clinic.later(minutes=2)
        await clinic.join(self.visit, user=DOCTOR)
        await clinic.staff(service.admit, self.visit)
        await clinic.act(lobby.patient_joined, seat.id)
        clinic.later(minutes=12, seconds=30)
        await clinic.act(service.end_visit, self.visit.id, by=By(Actor.clinician, DOCTOR))

    async def press(self) -> None:
        clinic = self.hospital.clinic
        await file_summary(clinic.desk, clinic.database, self.launch, self.visit.id)

    async def row(self) -> WriteBack:
        clinic = self.hospital.clinic
        async with clinic.database.work() as work:
            row = await lock_row(work, clinic.org_id, self.visit.id, WriteKind.summary)
        assert row is not None
        return row


async def open_office(hospital: Hospital, **context: str) -> Office:
    hospital.book(in_minutes=5)
    launch = await hospital.launch(**context)
    (visit,) = await hospital.visits()
    return Office(hospital, launch, visit)


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, clock: FakeClock, sealer: Sealer) -> Office:
    return await open_office(await open_hospital(database, clock, sealer), encounter="encounter-1")


async def test_a_summary_is_filed_as_the_clinician_and_names_nobody(office: Office) -> None:
    await office.end()

    await office.press()

    (note,) = office.hospital.ehr.notes
    assert (note.author, note.patient, note.encounter) == (DOCTOR, ANNA, "encounter-1")
    assert note.text == (
        "Video visit summary\n"
        "\n"
        "Start: 2026-11-24 09:02:00 CST (UTC-0600)\n"
        "End: 2026-11-24 09:14:30 CST (UTC-0600)\n"
        "Duration: 12 min 30 s\n"
        "Wait in the lobby: 2 min 0 s\n"
        "Attendees: 1 clinician, 1 patient\n"
    )
    assert (await office.row()).state == "done"
    assert "visits:summary:filed" in await office.hospital.clinic.acts()


async def test_a_second_press_says_that_it_is_filed_already(office: Office) -> None:
    await office.end()
    await office.press()

    with pytest.raises(SummaryFiled):
        await office.press()

    assert len(office.hospital.ehr.notes) == 1


async def test_a_visit_that_goes_on_has_no_summary_yet(office: Office) -> None:
    with pytest.raises(SummaryTooEarly):
        await office.press()


async def test_without_an_encounter_nothing_can_be_filed(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    office = await open_office(await open_hospital(database, clock, sealer))
    await office.end()

    with pytest.raises(EncounterMissing):
        await office.press()


async def test_an_answer_that_was_lost_is_looked_for_before_anything_is_sent_again(office: Office) -> None:
    await office.end()
    office.hospital.ehr.loses_answers = EhrUnavailable()

    await office.press()

    assert len(office.hospital.ehr.notes) == 1
    assert (await office.row()).state == "done"


async def test_where_the_chart_cannot_be_looked_at_nobody_knows_and_nothing_is_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ehr = office.hospital.ehr
    await office.end()
    ehr.loses_answers = EhrUnavailable()

    async def away(*_: object, **__: object) -> bool:
        raise EhrUnavailable

    monkeypatch.setattr(ehr, "has_note", away)
    with pytest.raises(SummaryUncertain):
        await office.press()
    first = (await office.row()).state
    with pytest.raises(EhrUnavailable):
        await office.press()
    second = (await office.row()).state
    monkeypatch.undo()
    await office.press()

    assert (first, second) == ("unknown", "unknown")
    assert (await office.row()).state == "done"
    assert len(ehr.notes) == 1


async def test_what_never_came_through_is_sent_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.end()

    async def away(*_: object, **__: object) -> None:
        raise EhrUnavailable

    monkeypatch.setattr(office.hospital.ehr, "file_note", away)
    with pytest.raises(SummaryUncertain):
        await office.press()
    monkeypatch.undo()
    await office.press()

    assert len(office.hospital.ehr.notes) == 1


@pytest.mark.parametrize("refusal", [WriteRefused(), EhrThrottled(timedelta(seconds=5))])
async def test_a_refusal_is_shown_and_can_be_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, refusal: EhrError
) -> None:
    await office.end()

    async def refuse(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(office.hospital.ehr, "file_note", refuse)
    with pytest.raises(type(refusal)):
        await office.press()
    row = await office.row()
    monkeypatch.undo()
    await office.press()

    assert (row.state, row.last_error) == ("failed", refusal.code)
    assert (await office.row()).state == "done"


async def test_a_second_press_while_the_first_is_under_way_sends_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ehr = office.hospital.ehr
    await office.end()
    really = ehr.file_note

    async def slowly(note, *, tokens):  # type: ignore[no-untyped-def]
        with pytest.raises(SummaryUnderWay):
            await office.press()
        await really(note, tokens=tokens)

    monkeypatch.setattr(ehr, "file_note", slowly)
    await office.press()

    assert len(ehr.notes) == 1


async def test_a_press_that_died_while_sending_is_looked_for_later(office: Office) -> None:
    ehr, clinic = office.hospital.ehr, office.hospital.clinic
    await office.end()
    await office.press()
    async with clinic.database.work() as work:
        row = await lock_row(work, clinic.org_id, office.visit.id, WriteKind.summary)
        assert row is not None
        row.state = "sending"
    clinic.later(minutes=4)

    await office.press()

    assert len(ehr.notes) == 1
    assert (await office.row()).state == "done"


async def test_a_window_of_its_own_files_under_the_chart_it_came_from(office: Office) -> None:
    clinic = office.hospital.clinic
    await office.end()
    async with clinic.database.work() as work:
        code = await make_handover(clinic.desk, work, office.launch, office.visit.id)
    async with clinic.database.work() as work:
        office.launch, _ = await use_handover(clinic.desk, work, code)

    await office.press()

    assert [note.encounter for note in office.hospital.ehr.notes] == ["encounter-1"]
