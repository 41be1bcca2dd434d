"""Departments as settings: what is refused, who comes second, and what is on record."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from housecall.audit.model import Act
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.errors import Overtaken
from housecall.kit.sealing import Sealer
from housecall.meetings.base import OWN_ROOMS
from housecall.meetings.errors import MeetingRefused
from housecall.meetings.teams.backend import TEAMS
from housecall.tenancy.departments import (
    DepartmentSettings,
    add_department,
    archive_department,
    change_department,
    set_pilot,
    switch_department,
)
from housecall.tenancy.errors import DepartmentRefused, DepartmentUnknown
from housecall.tenancy.meetings import mark_of, save_meetings
from housecall.tenancy.store_departments import get_department, list_departments
from housecall.tenancy.tables import Connection, Department
from tests.visits.clinic import OPERATOR, Clinic, open_clinic

HEART = DepartmentSettings("Heart", locations=("location-heart",), texts_from="+15550100200")


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


async def add(clinic: Clinic, wanted: DepartmentSettings = HEART) -> Department:
    async with clinic.database.work() as work:
        return await add_department(
            work, clinic.org_id, clinic.connection.id, wanted, now=clinic.now, by=OPERATOR
        )


async def change(clinic: Clinic, one: Department, version: int | None, **said: Any) -> Department:
    async with clinic.database.work() as work:
        return await change_department(
            work, clinic.org_id, one.id, replace(DepartmentSettings.of(one), **said),
            version=version, now=clinic.now, by=OPERATOR,
        )  # fmt: skip


async def entries(clinic: Clinic, act: Act) -> list[dict[str, Any]]:
    async with clinic.database.work() as work:
        asked = select(AuditEntry.detail).where(AuditEntry.act == act.value).order_by(AuditEntry.id)
        return list(await work.session.scalars(asked))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "heart", "locations": ("another",)}, "name"),
        ({"locations": ()}, "locations"),
        ({"locations": ("location-heart",)}, "locations"),
        ({"practitioners": ("practitioner-1",)}, "practitioners"),
        ({"texts_backup": "+15550100201"}, "texts_backup"),
        ({"texts_from": "+15550100201", "texts_backup": "+15550100201"}, "texts_backup"),
        ({"meeting_service": "teams"}, "meeting_service"),
        ({"meeting_service": "carrier pigeon"}, "meeting_service"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(
    clinic: Clinic, said: dict[str, Any], field: str
) -> None:
    await add(clinic, replace(HEART, practitioners=("practitioner-1",)))
    wanted = replace(DepartmentSettings("Skin", locations=("location-skin",)), **said)

    with pytest.raises(DepartmentRefused) as refused:
        await add(clinic, wanted)

    assert list(refused.value.faults) == [field]


async def test_who_comes_second_is_told_and_overwrites_nothing(clinic: Clinic) -> None:
    heart = await add(clinic)

    outcomes = await asyncio.gather(
        *(change(clinic, heart, 1, name=name) for name in ("Cardiology", "Heart clinic")),
        return_exceptions=True,
    )

    (second,) = (one for one in outcomes if isinstance(one, BaseException))
    (first,) = (one for one in outcomes if isinstance(one, Department))
    assert isinstance(second, Overtaken)
    async with clinic.database.work() as work:
        assert (await get_department(work, clinic.org_id, heart.id)).name == first.name


async def test_every_change_is_on_record_with_before_and_after(clinic: Clinic) -> None:
    heart = await add(clinic)
    await change(clinic, heart, 1, reminders_min=(60,), texts_from=None)
    await change(clinic, heart, None, reminders_min=(60,), texts_from=None)
    async with clinic.database.work() as work:
        switched = await switch_department(
            work, clinic.org_id, heart.id, live=True, now=clinic.now, by=OPERATOR
        )
        await switch_department(work, clinic.org_id, heart.id, live=True, now=clinic.now, by=OPERATOR)
        await set_pilot(work, clinic.org_id, clinic.connection.id, is_pilot=True, now=clinic.now, by=OPERATOR)
        await archive_department(work, clinic.org_id, heart.id, version=3, now=clinic.now, by=OPERATOR)

    assert (switched.switched_by, switched.switched_at) == (OPERATOR.ref, clinic.now)
    (added,) = await entries(clinic, Act.department_added)
    assert added["locations_after"] == "location-heart"
    (changed,) = await entries(clinic, Act.department_changed)
    assert changed == {
        "name": "Heart", "reminders_min_before": "", "reminders_min_after": "1h",
        "texts_from_before": "+15550100200", "texts_from_after": "",
    }  # fmt: skip
    (switch,) = await entries(clinic, Act.department_switched)
    assert (switch["live_before"], switch["live_after"]) == (False, True)
    assert [one["pilot_after"] for one in await entries(clinic, Act.pilot_switched)] == [True]
    assert [one["name"] for one in await entries(clinic, Act.department_archived)] == ["Heart"]


async def test_an_archived_department_gives_its_name_and_its_places_free(clinic: Clinic) -> None:
    heart = await add(clinic)
    async with clinic.database.work() as work:
        await archive_department(work, clinic.org_id, heart.id, version=None, now=clinic.now, by=OPERATOR)

    again = await add(clinic)

    async with clinic.database.work() as work:
        assert [one.id for one in await list_departments(work, clinic.org_id)] == [again.id]
        with pytest.raises(DepartmentUnknown):
            await get_department(work, clinic.org_id, heart.id)


async def test_another_organisations_department_is_unknown(clinic: Clinic, sealer: Sealer) -> None:
    heart = await add(clinic)
    other = await open_clinic(clinic.database, clinic.clock, sealer, "other")

    async with clinic.database.work() as work:
        assert await list_departments(work, other.org_id) == []
        with pytest.raises(DepartmentUnknown):
            await switch_department(work, other.org_id, heart.id, live=True, now=clinic.now, by=OPERATOR)


async def test_teams_is_not_forgotten_on_the_connection_while_a_department_is_held_in_it(
    clinic: Clinic,
) -> None:
    heart = await add(clinic)
    async with clinic.database.work() as work:
        connection = await work.session.get_one(Connection, clinic.connection.id)
        connection.meeting_key_sealed, connection.meeting_options = (
            b"sealed",
            {"tenant": "t", "client_id": "c"},
        )
    await change(clinic, heart, 1, meeting_service=TEAMS)

    async with clinic.database.work() as work:
        connection = await work.session.get_one(Connection, clinic.connection.id)
        with pytest.raises(MeetingRefused, match="A department holds its visits in Teams"):
            await save_meetings(
                work, clinic.org_id, connection.id, OWN_ROOMS, None,
                before=mark_of(connection), clock=clinic.clock, by=OPERATOR,
            )  # fmt: skip
