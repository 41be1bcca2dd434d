"""Every query on departments."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.errors import DepartmentUnknown
from housecall.tenancy.tables import Department


async def list_departments(
    work: Work, org_id: OrgId, connection_id: str | None = None, *, archived: bool = False
) -> Sequence[Department]:
    """The connection's departments, or all of the organisation's, by name; archived ones only when asked for."""
    asked = select(Department).where(Department.org_id == org_id)
    if connection_id is not None:
        asked = asked.where(Department.connection_id == connection_id)
    if not archived:
        asked = asked.where(Department.archived_at.is_(None))
    return (await work.session.scalars(asked.order_by(Department.name, Department.created_at))).all()


async def find_departments(work: Work, org_id: OrgId, ids: Collection[str]) -> dict[str, Department]:
    """Those of the organisation's departments, by id."""
    if not ids:
        return {}
    asked = select(Department).where(Department.org_id == org_id, Department.id.in_(sorted(ids)))
    return {one.id: one for one in await work.session.scalars(asked)}


async def find_department(work: Work, org_id: OrgId, department_id: str | None) -> Department | None:
    """The organisation's department of that id, or None."""
    if department_id is None:
        return None
    found = await work.session.get(Department, department_id)
    return found if found is not None and found.org_id == org_id else None


async def get_department(work: Work, org_id: OrgId, department_id: str) -> Department:
    """The organisation's department, if it is not archived; raises DepartmentUnknown."""
    found = await find_department(work, org_id, department_id)
    if found is None or found.archived_at is not None:
        raise DepartmentUnknown
    return found
