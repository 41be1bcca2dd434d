"""The portal's frame around every page of it: its places, and which of them a role opens."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.model import Right
from housecall.web.pages import render


@dataclass(frozen=True)
class Page:
    """One page of a place: its name in the code, its label, its address, and the right that its guard asks for."""

    name: str
    label: str
    address: str
    right: Right


@dataclass(frozen=True)
class Place:
    """An entry of the navigation; shown to those who may see one of its pages."""

    label: str
    pages: tuple[Page, ...]


# Hang a page in here, and give its name as ``here`` when it is shown.
PLACES: Final = (
    Place("Today", (Page("today", "Today’s visits", "/panel/today", Right.hold_visits),)),
    Place(
        "Setup",
        (
            Page("setup", "Setup", "/portal/setup", Right.administer),
            Page("departments", "Departments", "/portal/departments", Right.administer),
        ),
    ),
    Place(
        "Messages",
        (
            Page("templates", "What messages say", "/portal/messages/templates", Right.administer),
            Page("timing", "When messages leave", "/portal/messages/timing", Right.administer),
        ),
    ),
    Place("Guests", (Page("guests", "Interpreters and family", "/portal/guests", Right.invite_guests),)),
    Place(
        "Reports",
        (
            Page("visits", "Visits", "/portal/reports/visits", Right.read_reports),
            Page("texts", "Texts and e-mails", "/portal/reports/texts", Right.read_reports),
            Page("quality", "Call quality", "/portal/reports/quality", Right.read_reports),
            Page("survey", "After the visit", "/portal/reports/survey", Right.read_reports),
            Page("write-back", "Written to the EHR", "/portal/write-back", Right.administer),
        ),
    ),
    Place("Checks", (Page("checks", "Checks", "/portal/checks", Right.administer),)),
    Place(
        "Settings",
        (
            Page("settings", "Your organisation", "/portal/settings", Right.administer),
            Page("branding", "What patients see of you", "/portal/settings/branding", Right.administer),
            Page("sign-in", "Sign-in", "/portal/settings/sign-in", Right.administer),
        ),
    ),
    Place(
        "Audit",
        (
            Page("audit", "Log", "/portal/audit", Right.read_audit),
            Page("patients-see", "What patients can see", "/portal/patients-see", Right.read_audit),
        ),
    ),
    Place("You", (Page("account", "You", "/portal/account", Right.use_portal),)),
)


def show(
    request: Request, person: SignedIn, template: str, *, here: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page in the portal's frame; ``here`` is its name in ``PLACES``. The template extends portal/layout.html."""
    return render(
        request,
        template,
        status=status,
        # Older browsers say where a form comes from only if they may name the page; our own server may know it.
        referrer="same-origin",
        person=person,
        **navigation_for(person, here),
        **values,
    )


def navigation_for(person: SignedIn, here: str) -> dict[str, Any]:
    """What portal/layout.html draws: the places open to this person, and the pages of the one they are in."""
    open_places = [(place, pages) for place in PLACES if (pages := _open_to(person, place))]
    current = next((pages for _, pages in open_places if any(page.name == here for page in pages)), ())
    return {
        "here": here,
        "places": [(place.label, pages[0].address, pages == current) for place, pages in open_places],
        "pages_here": current if len(current) > 1 else (),
    }


def first_page_for(person: SignedIn) -> str:
    """Where somebody comes out after signing in: the reports for who may read them."""
    reports = next(place for place in PLACES if place.label == "Reports")
    own = [page for place in (reports, *PLACES) for page in _open_to(person, place)]
    return own[0].address


def _open_to(person: SignedIn, place: Place) -> tuple[Page, ...]:
    return tuple(page for page in place.pages if person.may(page.right))
