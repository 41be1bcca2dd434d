"""Reading the visit report in a test."""

from datetime import timedelta
from typing import Any

from housecall.audit.model import Actor, By
from housecall.reports.model import VisitRow, Window
from housecall.reports.service import read_visits
from tests.visits.clinic import Clinic

READER = By(Actor.administrator, "reader-1")


async def read(clinic: Clinic, environment: str = "test", **more: Any) -> list[VisitRow]:
    """The report's rows, of a month and the day to come unless told otherwise."""
    wide: dict[str, Any] = {
        "since": clinic.now - timedelta(days=30),
        "until": clinic.now + timedelta(days=1),
        "most": 100,
    }
    exported = bool(more.pop("exported", False))
    async with clinic.database.work() as work:
        return await read_visits(
            work,
            clinic.org_id,
            environment=environment,
            window=Window(**(wide | more)),
            by=READER,
            now=clinic.now,
            exported=exported,
        )


async def read_one(clinic: Clinic) -> VisitRow:
    """The report's only row."""
    [row] = await read(clinic)
    return row
