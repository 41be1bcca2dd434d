"""Hand-over: a one-time address that opens a clinician's visit in a tab or browser of its own."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, hash_token, new_token, short_id
from housecall.visits.desk import Desk
from housecall.visits.errors import HandoverDead
from housecall.visits.tables import Handover, Launch

# Long enough to scan a picture with a phone, too short to be found in a history.
CODE_LIFE: Final = timedelta(minutes=2)


async def make_handover(desk: Desk, work: Work, launch: Launch, visit_id: str) -> str:
    """A fresh code for this visit of the launch; stored as a hash."""
    code, now = new_token(), desk.clock.now()
    work.session.add(
        Handover(
            code_hash=hash_token(code),
            org_id=launch.org_id,
            launch_id=launch.id,
            visit_id=visit_id,
            created_at=now,
            expires_at=now + CODE_LIFE,
            used_at=None,
        )
    )
    by = By(Actor.clinician, launch.user_ref or "")
    await record(work, OrgId(launch.org_id), Act.handover_made, by=by, subject=visit_id, at=now)
    return code


async def use_handover(desk: Desk, work: Work, code: str) -> tuple[Launch, str]:
    """The code is used up: a launch of its own for this browser, and its secret. Raises HandoverDead."""
    now = desk.clock.now()
    found = await work.session.scalars(
        select(Handover).where(Handover.code_hash == hash_token(code)).with_for_update()
    )
    handover = found.one_or_none()
    if handover is None or handover.used_at is not None or handover.expires_at <= now:
        raise HandoverDead
    parent = await work.session.get_one(Launch, handover.launch_id)
    if parent.state != "active" or parent.expires_at <= now:
        raise HandoverDead
    handover.used_at = now
    secret = new_token()
    launch = Launch(
        id=short_id("l", 20),
        org_id=parent.org_id,
        connection_id=parent.connection_id,
        persona=parent.persona,
        state="active",
        secret_hash=hash_token(secret),
        user_ref=parent.user_ref,
        visit_ids=[handover.visit_id],
        # Always the chart's own launch, which holds the tokens, however often it was handed on.
        handed_over_from=parent.handed_over_from or parent.id,
        created_at=now,
        expires_at=parent.expires_at,
    )
    work.session.add(launch)
    by = By(Actor.clinician, parent.user_ref or "")
    await record(work, OrgId(parent.org_id), Act.handover_used, by=by, subject=handover.visit_id, at=now)
    await work.session.flush()
    return launch, secret
