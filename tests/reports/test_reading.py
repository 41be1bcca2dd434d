"""Which visits the report shows, and to whom."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from housecall.audit.tables import AuditEntry
from housecall.kit.csv import stream_csv
from housecall.kit.ids import new_uuid
from housecall.messaging.tables import Message
from housecall.reports.model import COLUMNS, cells
from housecall.reports.service import choose_environment
from housecall.tenancy.departments import DepartmentSettings, add_department
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection
from housecall.visits.tables import Visit
from tests.reports.reading import read
from tests.visits.clinic import OPERATOR, Clinic, open_clinic


def a_visit(clinic: Clinic, number: int, starts_at: datetime, **more: Any) -> dict[str, Any]:
    usual = {
        "id": f"v_{number:03d}",
        "org_id": clinic.org_id,
        "connection_id": clinic.connection.id,
        "appointment_ref": f"appointment-{number}",
        "appointment_version": "1",
        "ordinal": 1,
        "state": "ended",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=15),
        "attendees_total": 0,
        "attendees_peak": 0,
        "hides_addresses": False,
        "revision": 1,
        "created_at": starts_at,
    }
    return usual | more


async def put(clinic: Clinic, *visits: dict[str, Any]) -> None:
    async with clinic.database.work() as work:
        for visit in visits:
            await work.session.execute(insert(Visit).values(**visit))


async def production_too(clinic: Clinic) -> str:
    """The organisation gets a production connection to the same EHR; returns its id."""
    declared = Declaration(
        base_url=clinic.connection.base_url,
        environment=Environment.production,
        vendor="generic",
        client_kind="public",
        client_id="housecall",
    )
    async with clinic.database.work() as work:
        made = await declare_connection(
            work, clinic.org_id, declared, sealer=clinic.desk.sealer, now=clinic.now, by=OPERATOR
        )
    return made.id


async def test_the_latest_visit_comes_first_and_pages_go_on_where_the_last_one_stopped(
    clinic: Clinic,
) -> None:
    """Nine visits, three of them at one instant, which a page must not swallow or repeat."""
    starts = [clinic.now - timedelta(hours=n if n < 4 else 4 if n < 7 else n) for n in range(9)]
    await put(clinic, *(a_visit(clinic, n, start) for n, start in enumerate(starts)))

    pages, before, before_id = [], None, None
    while page := await read(clinic, most=2, before=before, before_id=before_id):
        pages.append([row.visit for row in page])
        before, before_id = page[-1].planned_at, page[-1].visit

    found = [visit for page in pages for visit in page]
    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]
    assert found == [f"v_{n:03d}" for n in (0, 1, 2, 3, 6, 5, 4, 7, 8)]


async def test_a_visit_booked_meanwhile_moves_no_row_to_another_page(clinic: Clinic) -> None:
    await put(clinic, *(a_visit(clinic, n, clinic.now - timedelta(hours=n)) for n in range(4)))
    first = await read(clinic, most=2)
    await put(clinic, a_visit(clinic, 9, clinic.now + timedelta(hours=1)))

    second = await read(clinic, most=2, before=first[-1].planned_at, before_id=first[-1].visit)

    assert [row.visit for row in second] == ["v_002", "v_003"]


async def test_the_window_takes_its_first_instant_and_leaves_its_last(clinic: Clinic) -> None:
    since, until = clinic.now - timedelta(hours=2), clinic.now
    second = timedelta(seconds=1)
    times = [since - second, since, until - second, until]
    await put(clinic, *(a_visit(clinic, n, start) for n, start in enumerate(times)))

    rows = await read(clinic, since=since, until=until)

    assert [row.visit for row in rows] == ["v_002", "v_001"]


async def test_test_visits_are_not_among_the_real_ones(clinic: Clinic) -> None:
    production = await production_too(clinic)
    await put(
        clinic, a_visit(clinic, 1, clinic.now), a_visit(clinic, 2, clinic.now, connection_id=production)
    )

    assert [row.visit for row in await read(clinic, "test")] == ["v_001"]
    assert [row.visit for row in await read(clinic, "production")] == ["v_002"]


async def test_production_is_shown_first_unless_there_is_only_a_test(clinic: Clinic) -> None:
    async def choose(wanted: str | None) -> tuple[str, list[str]]:
        async with clinic.database.work() as work:
            chosen, there = await choose_environment(work, clinic.org_id, wanted)
            return chosen, list(there)

    only_test = await choose(None)
    await production_too(clinic)

    assert only_test == ("test", ["test"])
    assert await choose(None) == ("production", ["production", "test"])
    assert await choose("test") == ("test", ["production", "test"])
    assert (await choose("elsewhere"))[0] == "production"


async def test_an_organisation_without_a_connection_has_an_empty_report(clinic: Clinic) -> None:
    async with clinic.database.work() as work:
        chosen = await choose_environment(work, new_uuid(), None)  # type: ignore[arg-type]

    assert chosen == ("production", ["production"])


async def test_two_organisations_on_one_ehr_do_not_see_each_other(clinic: Clinic) -> None:
    other = await open_clinic(clinic.database, clinic.clock, clinic.desk.sealer, "hillside")  # type: ignore[arg-type]
    await put(clinic, a_visit(clinic, 1, clinic.now))
    await put(other, a_visit(other, 2, clinic.now))

    assert other.connection.base_url == clinic.connection.base_url
    assert [row.visit for row in await read(clinic)] == ["v_001"]
    assert [row.visit for row in await read(other)] == ["v_002"]


async def test_texts_that_left_are_counted(clinic: Clinic) -> None:
    await put(clinic, a_visit(clinic, 1, clinic.now), a_visit(clinic, 2, clinic.now))
    states = ["accepted", "delivered", "failed", "suppressed", "planned", "unknown"]
    async with clinic.database.work() as work:
        for number, state in enumerate(states):
            await work.session.execute(
                insert(Message).values(
                    id=new_uuid(),
                    org_id=clinic.org_id,
                    connection_id=clinic.connection.id,
                    subject_ref="v_001",
                    kind="reminder",
                    instant=str(number),
                    channel="sms",
                    state=state,
                    due_at=clinic.now,
                    attempts=0,
                    is_typed=False,
                    created_at=clinic.now,
                )
            )

    assert {row.visit: row.texts_sent for row in await read(clinic)} == {"v_001": 2, "v_002": 0}


@pytest.mark.parametrize(
    ("exported", "act"), [(False, "reports:report:read"), (True, "reports:report:exported")]
)
async def test_every_reading_is_in_the_audit_log(clinic: Clinic, exported: bool, act: str) -> None:
    await put(clinic, a_visit(clinic, 1, clinic.now))

    await read(clinic, exported=exported)

    async with clinic.database.work() as work:
        entry = (
            await work.session.scalars(AuditEntry.__table__.select().order_by(AuditEntry.id.desc()))
        ).first()
        found = await work.session.get_one(AuditEntry, entry)
    assert (found.act, found.actor, found.actor_ref) == (act, "administrator", "reader-1")
    assert found.detail == {"rows": 1, "environment": "test"}


async def test_the_file_has_a_cell_for_each_column_and_runs_nothing(clinic: Clinic) -> None:
    """An EHR's ids are not ours to trust: one may begin with a sign that a spreadsheet runs."""
    began = clinic.now - timedelta(minutes=20)
    evil = a_visit(
        clinic,
        1,
        began,
        appointment_ref='=HYPERLINK("http://a.example")',
        clinician_ref="@SUM(A1)",
        location_ref="-1+1",
        began_at=began,
        ended_at=began + timedelta(seconds=61),
        lobby_wait_s=30,
        attendees_total=2,
        attendees_peak=2,
    )
    await put(clinic, evil)

    lines = list(stream_csv(COLUMNS, (cells(row) for row in await read(clinic))))

    assert lines[0].removeprefix("\ufeff").strip().split(",") == list(COLUMNS)
    assert lines[1] == (
        '"\'=HYPERLINK(""http://a.example"")",2026-11-24 14:40:00,2026-11-24 14:40:00,2026-11-24 14:41:01,'
        "30,61,Completed,'@SUM(A1),'-1+1,,2,2,0,0,0,\r\n"
    )


async def test_what_did_not_happen_is_an_empty_cell(clinic: Clinic) -> None:
    await put(clinic, a_visit(clinic, 1, clinic.now, state="scheduled"))

    [row] = await read(clinic)

    assert cells(row)[2:5] == ["", "", None]
    assert len(cells(row)) == len(COLUMNS)


async def test_one_departments_visits_are_read_alone_and_named(clinic: Clinic) -> None:
    async with clinic.database.work() as work:
        heart = await add_department(
            work, clinic.org_id, clinic.connection.id, DepartmentSettings("Heart", locations=("loc-1",)),
            now=clinic.now, by=OPERATOR,
        )  # fmt: skip
    await put(
        clinic,
        a_visit(clinic, 1, clinic.now, department_id=heart.id),
        a_visit(clinic, 2, clinic.now),
    )

    found = {wanted: await read(clinic, department=wanted) for wanted in (heart.id, "none", None)}

    assert [(row.visit, row.department) for row in found[heart.id]] == [("v_001", "Heart")]
    assert [(row.visit, row.department) for row in found["none"]] == [("v_002", "")]
    assert len(found[None]) == 2
