"""What the EHR was told of visits, for administrators: a page, the same for programs, and telling it again."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from housecall.tenancy.administrators import SignedIn
from housecall.visits.writing import LedgerRow, read_ledger, replay
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.described import faults
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

KINDS: Final = {"links": "Video links", "status": "Patient arrived", "summary": "Summary"}
STATES: Final = {
    "wanted": "Waiting",
    "sending": "Being sent",
    "done": "Written",
    "failed": "Refused",
    "unknown": "Not known",
    "stopped": "Not needed",
}
# A summary goes on a clinician's press and under their own access: nobody else can send one again.
REPLAYED: Final = ("links", "status")


pages = Audience("write-back", guard=administrator, include_in_schema=False)
machine = Audience("write-back api", guard=administrator, prefix="/api/v1", responses=faults(401, 403))
Administrator = Annotated[SignedIn, Depends(administrator)]


class WriteRecord(BaseModel):
    """One thing that the EHR is told of one visit; times are UTC, the error is a code."""

    visit: str
    appointment: str
    kind: str
    state: str
    wanted_at: datetime
    done_at: datetime | None
    lag_s: int
    attempts: int
    last_error: str | None


class Ledger(BaseModel):
    """What is not done first; two hundred at most."""

    writes: list[WriteRecord]


class Replayed(BaseModel):
    """How many jobs the replay made; none where nothing is switched on or the visit is over."""

    jobs: int


@pages.get("/portal/write-back")
async def ledger_page(request: Request, person: Administrator) -> Response:
    """The ledger as a page."""
    now = house_of(request).clock.now()
    return show(
        request,
        person,
        "portal/write_back.html",
        here="write-back",
        rows=await _read(request, person),
        kinds=KINDS,
        states=STATES,
        replayed=REPLAYED,
        generated=now.astimezone(UTC),
    )


@pages.post("/portal/write-back/{visit_id}/replay")
async def replay_by_button(request: Request, visit_id: str, person: Administrator) -> Response:
    """The visit's links and status are written again; back to the ledger."""
    await _replay(request, visit_id, person)
    return go_to("/portal/write-back")


@machine.get("/write-back")
async def list_writes(request: Request, person: Administrator) -> Ledger:
    """The ledger of what the EHR is told."""
    return Ledger(writes=[WriteRecord(**row.__dict__) for row in await _read(request, person)])


@machine.post("/write-back/{visit_id}/replay", responses=faults(404, 409))
async def replay_visit(request: Request, visit_id: str, person: Administrator) -> Replayed:
    """The visit's links and status are written again."""
    return Replayed(jobs=await _replay(request, visit_id, person))


async def _read(request: Request, person: SignedIn) -> list[LedgerRow]:
    house = house_of(request)
    async with house.database.work() as work:
        return await read_ledger(work, person.org_id, by=person.by, now=house.clock.now())


async def _replay(request: Request, visit_id: str, person: SignedIn) -> int:
    house = house_of(request)
    async with house.database.work() as work:
        return await replay(house.desk, work, person.org_id, visit_id, by=person.by)
