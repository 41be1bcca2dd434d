"""A short code that is read out or printed, for whoever has no phone that takes texts: typed in, it opens the link."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.desk import Desk
from housecall.visits.errors import CodeWrong, VisitOver
from housecall.visits.links import make_link
from housecall.visits.model import OVER
from housecall.visits.scene import read_scene
from housecall.visits.store import get_seat, get_visit
from housecall.visits.tables import SpokenCode

# Long enough to be typed by slow fingers after a call; short, since a code is weaker than a link.
CODE_LIFE: Final = timedelta(hours=2)
# With a hundred codes alive, one guess in ten million is right, and guesses are counted (web/spoken.py).
_DIGITS: Final = 9
# A bare hash of nine digits would be turned back in a second; this one is keyed.
_PURPOSE: Final = "spoken-code"


@dataclass(frozen=True)
class Spoken:
    """A code in the groups it is read out in, and when it is over."""

    code: str
    expires_at: datetime


async def make_code(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, who: str | None = None
) -> Spoken:
    """A fresh code for the link of the patient, or of the guest ``who``, in this visit; it works once.

    Raises VisitUnknown, GuestUnknown or VisitOver.
    """
    scene, now = await read_scene(work, org_id, await get_visit(work, org_id, visit_id)), desk.clock.now()
    seat = scene.seat_of(scene.guest(who) if who else scene.patient)
    if seat is None or seat.revoked_at is not None or scene.visit.state in OVER or scene.window.is_past(now):
        raise VisitOver
    digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    expires_at = now + CODE_LIFE
    # One code a seat: a second one read out makes the first one worthless.
    await work.session.execute(
        delete(SpokenCode).where(SpokenCode.org_id == org_id, SpokenCode.seat_id == seat.id)
    )
    work.session.add(
        SpokenCode(
            code_hash=desk.sealer.hashes(_PURPOSE, digits)[0],
            org_id=org_id,
            seat_id=seat.id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    await record(work, org_id, Act.code_made, by=by, subject=visit_id, at=now)
    await work.session.flush()
    return Spoken(" ".join(digits[at : at + 3] for at in range(0, _DIGITS, 3)), expires_at)


async def use_code(desk: Desk, work: Work, typed: str) -> str:
    """The address of the link behind the code, which is used up now; raises CodeWrong or LinkLost.

    Whoever types it may put spaces and dashes anywhere, and the digits of their own script.
    """
    digits = "".join(str(int(sign)) for sign in typed if sign.isdecimal())
    now = desk.clock.now()
    found = await work.session.scalars(
        select(SpokenCode)
        .where(SpokenCode.code_hash.in_(desk.sealer.hashes(_PURPOSE, digits)))
        .with_for_update()
    )
    code = found.one_or_none()
    if len(digits) != _DIGITS or code is None or code.expires_at <= now:
        raise CodeWrong
    org_id = OrgId(code.org_id)
    seat = await get_seat(work, org_id, code.seat_id)
    await work.session.delete(code)
    by = By(Actor.patient, "code")
    await record(work, org_id, Act.code_used, by=by, subject=seat.id, at=now)
    return make_link(desk, seat)
