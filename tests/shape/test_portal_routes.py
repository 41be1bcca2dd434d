"""Every route of the portal is in the table of who may do what; tests/web/test_portal_guards.py tries them all."""

from fastapi.routing import APIRoute

from housecall import app as root
from housecall.tenancy.model import Right
from housecall.web import portal_guards
from tests.shape.portal_table import TABLE

GUARDS = {
    portal_guards.signed_in: Right.use_portal,
    portal_guards.administrator: Right.administer,
    portal_guards.report_reader: Right.read_reports,
    portal_guards.auditor: Right.read_audit,
    portal_guards.visit_holder: Right.hold_visits,
    portal_guards.guest_inviter: Right.invite_guests,
}


def guarded_routes() -> dict[str, Right]:
    """Every route behind one of the portal's guards, with the right that the guard asks for."""
    return {
        f"{method} {route.path}": GUARDS[audience.guard]
        for audience in root.AUDIENCES
        if audience.guard in GUARDS
        for route in audience.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def test_every_guarded_route_is_in_the_table_with_the_right_it_asks_for() -> None:
    assert guarded_routes() == TABLE


def test_every_portal_address_stands_behind_a_guard_or_in_the_entrance() -> None:
    outside = [
        route.path
        for audience in root.AUDIENCES
        if audience.guard not in GUARDS and audience.name != "portal entrance"
        for route in audience.routes
        if isinstance(route, APIRoute) and route.path.startswith("/portal")
    ]

    assert outside == []
