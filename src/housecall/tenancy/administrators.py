"""People of the organisation: known by issuer and subject, let in by their provider, held by a session."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, select, update

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, hash_token, new_token, new_uuid
from housecall.tenancy.errors import InviteDead
from housecall.tenancy.model import ROLES_WITH, Right, Role
from housecall.tenancy.tables import Administrator, Invite, Organisation, PortalSession

# A working day, and a coffee: who is away longer may have left the screen to somebody else.
# Source: OWASP ASVS 5.0 §7.3.1 and §7.3.2 ask for both limits and leave their length to us.
SESSION_LIFE: Final = timedelta(hours=8)
SESSION_IDLE: Final = timedelta(minutes=30)
INVITE_LIFE: Final = timedelta(hours=24)
# The issuer of those who came in by an invitation: they have proved to nobody who they are.
INVITED: Final = "urn:housecall:invitation"
_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """A person with an open session."""

    org_id: OrgId
    administrator_id: str
    role: Role
    session: PortalSession
    clinic: str
    other_roles: tuple[Role, ...] = ()
    is_invited: bool = False

    @property
    def roles(self) -> tuple[Role, ...]:
        """Every role that the person has, the strongest first."""
        return (self.role, *self.other_roles)

    def may(self, right: Right) -> bool:
        """Whether one of the person's roles opens this."""
        return not set(self.roles).isdisjoint(ROLES_WITH[right])

    @property
    def by(self) -> By:
        """The person as the audit log knows them."""
        return By(Actor.administrator, self.administrator_id)


async def sign_in(
    work: Work,
    org_id: OrgId,
    *,
    issuer: str,
    subject: str,
    role: Role,
    now: datetime,
    other_roles: Collection[Role] = (),
) -> str:
    """A new session, with the roles the person's provider gives them now; returns the cookie's value."""
    person = await _person(work, org_id, issuer=issuer, subject=subject, now=now)
    person.role, person.last_seen_at = role.value, now
    person.other_roles = [one.value for one in other_roles if one is not role]
    await work.session.flush()
    secret = new_token()
    work.session.add(
        PortalSession(
            id=new_uuid(),
            org_id=org_id,
            administrator_id=person.id,
            secret_hash=hash_token(secret),
            created_at=now,
            last_used_at=now,
            expires_at=now + SESSION_LIFE,
            ended_at=None,
        )
    )
    by = By(Actor.administrator, str(person.id))
    await record(
        work, org_id, Act.administrator_signed_in, by=by, subject=str(person.id), at=now, role=role.value
    )
    return secret


async def _person(work: Work, org_id: OrgId, *, issuer: str, subject: str, now: datetime) -> Administrator:
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
    return person


async def find_session(work: Work, secret: str, *, now: datetime) -> SignedIn | None:
    """The person behind a cookie; it tells the organisation, so it is asked without one.

    The session is used by this: half an hour without anybody asking ends it.
    """
    found = (
        await work.session.execute(
            select(PortalSession, Administrator, Organisation.display_name)
            .join(Administrator, Administrator.id == PortalSession.administrator_id)
            .join(Organisation, Organisation.id == PortalSession.org_id)
            .where(PortalSession.secret_hash == hash_token(secret), *_is_open(now))
        )
    ).first()
    if found is None:
        return None
    session, person, clinic = found
    if now - session.last_used_at >= _NOTED_EVERY:
        session.last_used_at = now
    return SignedIn(
        OrgId(session.org_id),
        str(person.id),
        Role(person.role),
        session,
        clinic,
        tuple(Role(one) for one in person.other_roles),
        person.issuer == INVITED,
    )


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        PortalSession.expires_at > now,
        PortalSession.last_used_at > now - SESSION_IDLE,
        PortalSession.ended_at.is_(None),
    )


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


async def list_own_sessions(work: Work, person: SignedIn, *, now: datetime) -> Sequence[PortalSession]:
    """The person's open sessions, the one used last first."""
    return (
        await work.session.scalars(
            select(PortalSession)
            .where(
                PortalSession.org_id == person.org_id,
                PortalSession.administrator_id == person.session.administrator_id,
                *_is_open(now),
            )
            .order_by(PortalSession.last_used_at.desc())
        )
    ).all()


async def end_other_sessions(work: Work, person: SignedIn, *, now: datetime) -> int:
    """Every session of the person but this one is over; how many there were."""
    ended = await work.session.execute(
        update(PortalSession)
        .where(
            PortalSession.org_id == person.org_id,
            PortalSession.administrator_id == person.session.administrator_id,
            PortalSession.id != person.session.id,
            *_is_open(now),
        )
        .values(ended_at=now)
        .returning(PortalSession.id)
    )
    count = len(ended.all())
    await record(
        work,
        person.org_id,
        Act.session_ended,
        by=person.by,
        subject=person.administrator_id,
        at=now,
        sessions=count,
    )
    return count


async def invite(work: Work, org_id: OrgId, *, now: datetime, by: By) -> str:
    """A token that lets one person in as administrator, once, within a day."""
    token = new_token()
    work.session.add(
        Invite(
            token_hash=hash_token(token),
            org_id=org_id,
            created_at=now,
            expires_at=now + INVITE_LIFE,
            used_at=None,
        )
    )
    await record(work, org_id, Act.administrator_invited, by=by, subject=str(org_id), at=now)
    return token


async def find_invite(work: Work, token: str, *, now: datetime) -> Invite:
    """The invitation that still opens; it tells the organisation. Raises InviteDead."""
    found = await work.session.scalars(
        select(Invite)
        .where(Invite.token_hash == hash_token(token), Invite.used_at.is_(None), Invite.expires_at > now)
        .with_for_update()
    )
    invitation = found.first()
    if invitation is None:
        raise InviteDead
    return invitation


async def accept_invite(work: Work, token: str, *, now: datetime) -> str:
    """The invitation is used up, and its holder signed in; returns the cookie's value. Raises InviteDead."""
    invitation = await find_invite(work, token, now=now)
    invitation.used_at = now
    # Everybody who is invited is somebody else, whom nobody has vouched for.
    return await sign_in(
        work,
        OrgId(invitation.org_id),
        issuer=INVITED,
        subject=invitation.token_hash[:16],
        role=Role.administrator,
        now=now,
    )
