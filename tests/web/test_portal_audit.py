"""The audit log's page and file: own entries only, filtered, a page at a time, verified."""

import csv
import io

import httpx
import pytest_asyncio
from sqlalchemy import text

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import chain_new_entries, record
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve
from tests.web.test_write_back import as_browser, signed_in

NURSE = By(Actor.clinician, "nurse-7")


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    other = await open_clinic(database, clock, sealer, "elsewhere")
    made = await open_clinic(database, clock, sealer)
    async with database.work() as work:
        for number in range(120):
            await record(
                work, made.org_id, Act.patient_admitted, by=NURSE, subject=f"visit-{number}", at=made.now
            )
        await record(work, other.org_id, Act.link_opened, by=NURSE, subject="visit-elsewhere", at=made.now)
        await record(
            work,
            made.org_id,
            Act.organisation_changed,
            by=By(Actor.operator, "x"),
            subject="s",
            at=made.now,
            name_before="Old <b>name</b>",
            name_after="New name",
        )
        await chain_new_entries(work)
    return made


async def read(clinic: Clinic, *paths: str) -> list[httpx.Response]:
    async with serve(clinic) as live:
        client = as_browser(await signed_in(live, Role.auditor))
        answers = [await client.get(path) for path in paths]
        await client.aclose()
    return answers


async def test_entries_are_shown_a_page_at_a_time_and_only_ones_own(clinic: Clinic) -> None:
    (first,) = await read(clinic, "/portal/audit?act=visits:patient:admitted")
    before = first.text.split("before=")[1].split('"')[0]
    (second,) = await read(clinic, f"/portal/audit?act=visits:patient:admitted&before={before}")
    (everything,) = await read(clinic, "/portal/audit.csv")

    assert first.text.count("<tr data-act") == 100
    assert second.text.count("<tr data-act") == 20
    assert ">visit-119<" in first.text
    assert ">visit-0<" in second.text
    assert "visit-elsewhere" not in everything.text


async def test_a_change_is_shown_with_before_and_after_and_nothing_in_it_runs(clinic: Clinic) -> None:
    (page,) = await read(clinic, "/portal/audit?act=tenancy:organisation:changed")

    assert "<b>name</b>: Old &lt;b&gt;name&lt;/b&gt; → New name" in page.text


async def test_filters_narrow_by_person_and_day_and_nonsense_is_no_filter(clinic: Clinic) -> None:
    today, yesterday = f"{clinic.now:%Y-%m-%d}", "2026-11-23"
    by_person, on_day, before, nonsense = await read(
        clinic,
        "/portal/audit?subject=nurse-7",
        f"/portal/audit?since={today}&until={today}&actor=operator",
        f"/portal/audit?until={yesterday}",
        "/portal/audit?act=drop&since=tomorrow&actor=nobody",
    )

    assert by_person.text.count("<tr data-act") == 100
    assert "tenancy:organisation:changed" in on_day.text
    assert 'data-act="visits:patient:admitted"' not in on_day.text
    assert "No entry fits" in before.text
    assert nonsense.text.count("<tr data-act") == 100


async def test_the_chain_is_verified_and_a_change_behind_our_back_shows(clinic: Clinic) -> None:
    (holds,) = await read(clinic, "/portal/audit?verify=1")
    async with clinic.database.work() as work:
        await work.session.execute(text("UPDATE audit_entry SET subject = 'x' WHERE subject = 'visit-3'"))

    (broken,) = await read(clinic, "/portal/audit?verify=1")

    assert 'data-state="holds"' in holds.text
    assert 'data-state="broken"' in broken.text


async def test_the_file_holds_what_was_filtered_and_its_taking_is_on_record(clinic: Clinic) -> None:
    (answer,) = await read(clinic, "/portal/audit.csv?act=visits:patient:admitted")

    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 120
    assert rows[0]["subject"] == "visit-119"
    assert rows[0]["chain_hash"]
    assert (await clinic.acts())[-1] == "audit:log:exported"
