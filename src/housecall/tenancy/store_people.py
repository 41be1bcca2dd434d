"""Every query on who of an organisation's clinicians is whom in its directory."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import DirectoryPerson


async def find_object_id(work: Work, org_id: OrgId, connection_id: str, user_ref: str) -> str | None:
    """The directory's object id of the clinician, or None."""
    return await work.session.scalar(
        select(DirectoryPerson.object_id)
        .where(DirectoryPerson.org_id == org_id, DirectoryPerson.connection_id == connection_id)
        .where(DirectoryPerson.user_ref == user_ref)
    )


async def find_any_object_id(work: Work, org_id: OrgId, connection_id: str) -> str | None:
    """The object id of some clinician of the connection, to try things for; None while nobody is known."""
    return await work.session.scalar(
        select(DirectoryPerson.object_id)
        .where(DirectoryPerson.org_id == org_id, DirectoryPerson.connection_id == connection_id)
        .order_by(DirectoryPerson.created_at)
        .limit(1)
    )


async def find_users(
    work: Work, org_id: OrgId, connection_id: str, object_ids: Collection[str]
) -> dict[str, str]:
    """Per object id the clinician's EHR user id, where one is known."""
    found = await work.session.execute(
        select(DirectoryPerson.object_id, DirectoryPerson.user_ref)
        .where(DirectoryPerson.org_id == org_id, DirectoryPerson.connection_id == connection_id)
        .where(DirectoryPerson.object_id.in_(sorted(object_ids)))
    )
    return {row.object_id: row.user_ref for row in found}


async def list_directory_people(work: Work, org_id: OrgId, connection_id: str) -> Sequence[DirectoryPerson]:
    """Every clinician of the connection of whom it is known who they are, by their EHR user id."""
    found = await work.session.scalars(
        select(DirectoryPerson)
        .where(DirectoryPerson.org_id == org_id, DirectoryPerson.connection_id == connection_id)
        .order_by(DirectoryPerson.user_ref)
    )
    return found.all()


async def drop_person(work: Work, org_id: OrgId, connection_id: str, user_ref: str) -> bool:
    """Nothing is known of who the clinician is; whether there was anything."""
    gone = await work.session.execute(
        delete(DirectoryPerson)
        .where(DirectoryPerson.org_id == org_id, DirectoryPerson.connection_id == connection_id)
        .where(DirectoryPerson.user_ref == user_ref)
        .returning(DirectoryPerson.user_ref)
    )
    return gone.first() is not None


async def put_person(work: Work, org_id: OrgId, person: DirectoryPerson) -> None:
    """The clinician has this object id from now on; what was looked up never replaces what was set by hand."""
    row = insert(DirectoryPerson).values(
        connection_id=person.connection_id,
        user_ref=person.user_ref,
        org_id=org_id,
        object_id=person.object_id,
        is_by_hand=person.is_by_hand,
        created_at=person.created_at,
    )
    fresh = {"object_id": row.excluded.object_id, "is_by_hand": row.excluded.is_by_hand}
    await work.session.execute(
        row.on_conflict_do_update(
            index_elements=["connection_id", "user_ref"],
            set_=fresh,
            where=(DirectoryPerson.is_by_hand.is_(False)) | (row.excluded.is_by_hand.is_(True)),
        )
    )
