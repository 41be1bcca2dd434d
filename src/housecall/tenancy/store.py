"""Every query on organisations, connections and administrators."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, exists, or_, select, update

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.errors import ConnectionUnknown, OrganisationUnknown
from housecall.tenancy.model import WORKING, ConnectionState
from housecall.tenancy.tables import Branding, Connection, ConnectionSetup, Organisation, SigningKey

_IS_WORKING = and_(
    Connection.client_id != "",
    or_(
        *(
            and_(Connection.environment == environment, Connection.state.in_(states))
            for environment, states in WORKING.items()
        )
    ),
)


async def find_organisation_by_name(work: Work, name: str) -> Organisation | None:
    """The organisation of that name; the one way to find one without its id."""
    return (await work.session.scalars(select(Organisation).where(Organisation.name == name))).first()


async def get_organisation(work: Work, org_id: OrgId) -> Organisation:
    """The organisation; raises OrganisationUnknown."""
    found = await work.session.get(Organisation, org_id)
    if found is None:
        raise OrganisationUnknown
    return found


async def lock_organisation(work: Work, org_id: OrgId) -> Organisation:
    """The organisation, for one change at a time; raises OrganisationUnknown."""
    found = await work.session.get(Organisation, org_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise OrganisationUnknown
    return found


async def find_branding(work: Work, org_id: OrgId) -> Branding | None:
    """What the organisation's patients see of it, None where nothing was set."""
    return await work.session.get(Branding, org_id)


async def find_logo(work: Work, org_id: OrgId, name: str) -> tuple[bytes, str] | None:
    """The organisation's picture of that name and its media type."""
    found = (
        await work.session.execute(
            select(Branding.logo, Branding.logo_type).where(
                Branding.org_id == org_id, Branding.logo_hash == name
            )
        )
    ).first()
    return (found[0], found[1]) if found and found[0] and found[1] else None


async def list_organisations(work: Work) -> Sequence[Organisation]:
    """All organisations of this region, by name."""
    return (await work.session.scalars(select(Organisation).order_by(Organisation.name))).all()


async def find_connection(work: Work, org_id: OrgId, connection_id: str) -> Connection | None:
    """The organisation's connection, or None."""
    found = await work.session.get(Connection, connection_id)
    return found if found is not None and found.org_id == org_id else None


async def get_connection(work: Work, org_id: OrgId, connection_id: str) -> Connection:
    """The organisation's connection; raises ConnectionUnknown."""
    found = await find_connection(work, org_id, connection_id)
    if found is None:
        raise ConnectionUnknown
    return found


async def find_connection_anywhere(work: Work, connection_id: str) -> Connection | None:
    """The connection an address names by its id alone: it tells the organisation, not the reverse."""
    return await work.session.get(Connection, connection_id)


async def get_connection_anywhere(work: Work, connection_id: str) -> Connection:
    """The same for whoever runs the server; raises ConnectionUnknown."""
    found = await find_connection_anywhere(work, connection_id)
    if found is None:
        raise ConnectionUnknown
    return found


async def list_connections_by_base_url(work: Work, base_url: str) -> Sequence[Connection]:
    """All connections with that FHIR base URL, a trailing slash ignored; drafts are none yet."""
    return (
        await work.session.scalars(
            select(Connection)
            .where(Connection.base_url == base_url.rstrip("/"), Connection.state != ConnectionState.draft)
            .order_by(Connection.created_at)
        )
    ).all()


async def list_connections(work: Work, org_id: OrgId) -> Sequence[Connection]:
    """The organisation's connections, oldest first."""
    return (
        await work.session.scalars(
            select(Connection).where(Connection.org_id == org_id).order_by(Connection.created_at)
        )
    ).all()


async def list_working_connections(work: Work) -> Sequence[Connection]:
    """All connections of the region that are switched on."""
    return (await work.session.scalars(select(Connection).where(_IS_WORKING).order_by(Connection.id))).all()


async def list_connections_due(work: Work, now: datetime) -> Sequence[str]:
    """Ids of the working connections whose feed is due; the poll itself claims one under a lock."""
    return (
        await work.session.scalars(
            select(Connection.id)
            .where(_IS_WORKING, or_(Connection.next_poll_at.is_(None), Connection.next_poll_at <= now))
            .order_by(Connection.next_poll_at.nulls_first())
            .limit(200)
        )
    ).all()


async def has_connection_of(work: Work, vendors: Collection[str]) -> bool:
    """Whether any organisation has a connection to one of these vendors' EHRs."""
    found = await work.session.scalar(select(exists().where(Connection.vendor.in_(vendors))))
    return bool(found)


async def list_signing_keys(work: Work) -> Sequence[SigningKey]:
    """The deployment's keys that are still published, newest first."""
    return (
        await work.session.scalars(
            select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc())
        )
    ).all()


async def find_setup(
    work: Work, org_id: OrgId, connection_id: str, *, locked: bool = False
) -> ConnectionSetup | None:
    """How the connection is being set up in the portal, None where nobody has."""
    asked = select(ConnectionSetup).where(
        ConnectionSetup.org_id == org_id, ConnectionSetup.connection_id == connection_id
    )
    return (await work.session.scalars(asked.with_for_update() if locked else asked)).one_or_none()


async def note_change(work: Work, org_id: OrgId, connection_id: str) -> None:
    """Forms that were shown before this change are told so when they are saved."""
    await work.session.execute(
        update(ConnectionSetup)
        .where(ConnectionSetup.org_id == org_id, ConnectionSetup.connection_id == connection_id)
        .values(version=ConnectionSetup.version + 1)
    )
