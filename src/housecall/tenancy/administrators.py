"""People of the organisation: known by issuer and subject, let in by their provider, held by a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, hash_token, new_token, new_uuid
from housecall.tenancy.model import ROLES_WITH, Right, Role
from housecall.tenancy.tables import Administrator, Organisation, PortalSession

SESSION_LIFE: Final = timedelta(hours=8)


@dataclass(frozen=True)
class SignedIn:
    """A person with an open session."""

    org_id: OrgId
    administrator_id: str
    role: Role
    session: PortalSession
    clinic: str

    def may(self, right: Right) -> bool:
        """Whether the person's role opens this."""
        return self.role in ROLES_WITH[right]

    @property
    def by(self) -> By:
        """The person as the audit log knows them."""
        return By(Actor.administrator, self.administrator_id)


async def sign_in(work: Work, org_id: OrgId, *, issuer: str, subject: str, role: Role, now: datetime) -> str:
    """A new session, with the role the person's provider gives them now; returns the cookie's value."""
    person = await _person(work, org_id, issuer=issuer, subject=subject, role=role, now=now)
    secret = new_token()
    work.session.add(
        PortalSession(
            id=new_uuid(),
            org_id=org_id,
            administrator_id=person.id,
            secret_hash=hash_token(secret),
            created_at=now,
            expires_at=now + SESSION_LIFE,
            ended_at=None,
        )
    )
    by = By(Actor.administrator, str(person.id))
    await record(
        work, org_id, Act.administrator_signed_in, by=by, subject=str(person.id), at=now, role=role.value
    )
    return secret


async def _person(
    work: Work, org_id: OrgId, *, issuer: str, subject: str, role: Role, now: datetime
) -> Administrator:
    found = await work.session.scalars(
        select(Administrator).where(
            Administrator.org_id == org_id,
            Administrator.issuer == issuer,
            Administrator.subject == subject,
        )
    )
    person = found.first()
    if person is None:
        person = Administrator(id=new_uuid(), org_id=org_id, issuer=issuer, subject=subject, created_at=now)
        work.session.add(person)
    person.role, person.last_seen_at = role.value, now
    await work.session.flush()
    return person


async def find_session(work: Work, secret: str, *, now: datetime) -> SignedIn | None:
    """The person behind a cookie; it tells the organisation, so it is asked without one."""
    found = (
        await work.session.execute(
            select(PortalSession, Administrator, Organisation.display_name)
            .join(Administrator, Administrator.id == PortalSession.administrator_id)
            .join(Organisation, Organisation.id == PortalSession.org_id)
            .where(
                PortalSession.secret_hash == hash_token(secret),
                PortalSession.expires_at > now,
                PortalSession.ended_at.is_(None),
            )
        )
    ).first()
    if found is None:
        return None
    session, person, clinic = found
    return SignedIn(OrgId(session.org_id), str(person.id), Role(person.role), session, clinic)


async def sign_out(work: Work, person: SignedIn, *, now: datetime) -> None:
    """The session is over, on every tab."""
    session = await work.session.get_one(PortalSession, person.session.id)
    session.ended_at = now
    await record(
        work,
        person.org_id,
        Act.administrator_signed_out,
        by=person.by,
        subject=person.administrator_id,
        at=now,
    )
