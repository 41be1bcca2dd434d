"""A visit opened by the organisation's own account, when the EHR cannot launch: times and states, and no names."""

from typing import Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, hash_token, new_token, short_id
from housecall.visits.desk import Desk
from housecall.visits.launches import SESSION_LIFE
from housecall.visits.tables import Launch, Visit

# Before the account's own id where an EHR user's id stands otherwise: neither can be taken for the other.
ACCOUNT: Final = "account:"


async def open_by_account(desk: Desk, work: Work, visit: Visit, *, by: By) -> tuple[Launch, str]:
    """A session for this visit alone, and its secret; it holds no access to the EHR, so it reads no name."""
    now, secret = desk.clock.now(), new_token()
    launch = Launch(
        id=short_id("l", 20),
        org_id=visit.org_id,
        connection_id=visit.connection_id,
        persona="practitioner",
        state="active",
        secret_hash=hash_token(secret),
        user_ref=f"{ACCOUNT}{by.ref}",
        visit_ids=[visit.id],
        created_at=now,
        expires_at=now + SESSION_LIFE,
    )
    work.session.add(launch)
    await record(
        work,
        OrgId(visit.org_id),
        Act.visit_opened_without_ehr,
        by=by,
        subject=visit.id,
        at=now,
        launch=launch.id,
    )
    await work.session.flush()
    return launch, secret
