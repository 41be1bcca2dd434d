"""The patient's way in: the link's landing page, the press that takes the seat, and the visit's own page."""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import segno
from fastapi import Depends, Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.languages import LANGUAGES, OWN_NAMES
from housecall.tenancy.store import get_connection, get_organisation
from housecall.visits.checking import is_days_ahead
from housecall.visits.errors import LinkDead
from housecall.visits.lobby import patient_state
from housecall.visits.seats import find_seat_by_holder, find_seat_by_token, take_seat
from housecall.visits.tables import Seat
from housecall.visits.words import WAITING_TEXTS, say
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.brand import Brand, read_brand
from housecall.web.cookies import seat_cookie
from housecall.web.house import House, house_of
from housecall.web.pages import catalogue, render
from housecall.web.patient_sight import of_page
from housecall.web.wording import dial, isolate, long_time, pick_language, short_time, time_of_day

LANGUAGE_COOKIE: Final = "hc_lang"
_LANGUAGE_LIFE_S: Final = 365 * 24 * 3600
# A test days before the visit keeps its seat until then; the seat itself ends with its visit.
_SEAT_LIFE_S: Final = 30 * 24 * 3600
# What the page's script says by itself; the rest is said by the server.
_SCRIPT_TEXTS: Final = (
    "page",
    "notice",
    "check",
    "mend",
    "ahead",
    "lobby",
    "after",
    "elsewhere",
    "survey",
    "call",
)
_DEAD: Final = {"moved", "cancelled", "over", "withdrawn"}


@dataclass(frozen=True)
class Link:
    """What a link leads to, read when it is opened; ``dead`` says why it leads nowhere any more."""

    house: House
    address: str
    seat: Seat
    state: dict[str, Any]
    clinic: str
    phone: str
    default_language: str
    time_zone: str
    dead: str | None
    brand: Brand

    @property
    def starts_at(self) -> datetime:
        """When the visit is planned to begin, aware."""
        return datetime.fromisoformat(self.state["starts_at"])

    @property
    def opens_at(self) -> datetime:
        """When the waiting room opens, aware."""
        return datetime.fromisoformat(self.state["opens_at"])

    @property
    def is_days_ahead(self) -> bool:
        """Whether who opens it now can only rehearse."""
        return is_days_ahead(self.opens_at, self.house.clock.now(), self.time_zone)


async def link_guard(request: Request, token: str) -> Link | None:
    """The link behind the token, which is all that is asked for; None has a page of its own."""
    house = house_of(request)
    async with house.database.work() as work:
        seat = await find_seat_by_token(work, token)
        return (
            await read_link(house, work, seat, f"{house.public_url}/v/{token}") if seat is not None else None
        )


async def read_link(house: House, work: Work, seat: Seat, address: str) -> Link:
    """The seat as its link shows it; ``address`` is the link's own."""
    org_id = OrgId(seat.org_id)
    organisation = await get_organisation(work, org_id)
    connection = await get_connection(work, org_id, seat.connection_id)
    state = await patient_state(house.desk, work, org_id, seat.id)
    return Link(
        house=house,
        address=address,
        seat=seat,
        state=state,
        clinic=organisation.display_name,
        phone=organisation.clinic_phone,
        default_language=organisation.language,
        time_zone=seat.time_zone or connection.time_zone,
        dead=_why_dead(seat, state),
        brand=await read_brand(work, org_id),
    )


def _why_dead(seat: Seat, state: dict[str, Any]) -> str | None:
    if seat.revoked_at is not None:
        return seat.revoked_because if seat.revoked_because in _DEAD else "over"
    if state["visit_state"] == "cancelled":
        return "cancelled"
    return state["lobby"] if state["lobby"] in _DEAD else None


routes = Audience("patient", guard=link_guard, include_in_schema=False)
Opened = Annotated[Link | None, Depends(link_guard)]


@routes.get("/v/{token}")
async def open_link(request: Request, link: Opened) -> Response:
    """The landing page, which changes nothing; for who holds the seat already, the visit's own page."""
    if link is None:
        language = language_of(request, None)
        answer = page(request, "notice", language, frame_of_nobody() | {"kind": "unknown"}, status=404)
        remember_language(request, answer)
        return answer
    return await show(request, link)


async def show(request: Request, link: Link) -> Response:
    """The page of the link as things stand, whichever address it was asked at."""
    language = language_of(request, link)
    if link.dead:
        answer = page(request, "notice", language, frame_of(link, language) | {"kind": link.dead}, status=410)
    elif await _holds_seat(request, link):
        answer = page(
            request, "visit", language, frame_of(link, language) | {"first": _first(link, language)}
        )
    else:
        answer = page(request, "landing", language, _landing(link, language))
    remember_language(request, answer)
    return answer


@routes.post("/v/{token}")
async def start(request: Request, link: Opened) -> Response:
    """The first press: this browser takes the seat, whoever held it before; a dead link says why."""
    return await open_link(request, link) if link is None else await take(request, link)


async def take(request: Request, link: Link) -> Response:
    """This browser has the seat, and is sent to the page it pressed on; a dead link says why."""
    if link.dead:
        return await show(request, link)
    try:
        async with link.house.database.work() as work:
            secret = await take_seat(link.house.desk, work, link.seat)
    except LinkDead:
        # Cancelled or moved since it was read: the same address now says so.
        return go_to(request.url.path)
    answer = go_to(request.url.path)
    _set_cookie(answer, seat_cookie(link.seat.id), secret, _SEAT_LIFE_S)
    return answer


@routes.get("/v/{token}/qr.svg")
async def picture(link: Opened) -> Response:
    """The link as a picture for another phone's camera."""
    return draw(link)


def draw(link: Link | None) -> Response:
    """The picture of a link that leads somewhere; 404 for any other."""
    if link is None or link.dead or not link.address:
        return Response(status_code=404)
    drawn = io.BytesIO()
    segno.make(link.address, error="m").save(drawn, kind="svg", scale=4, border=2)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def page(request: Request, name: str, language: str, values: dict[str, Any], status: int = 200) -> Response:
    """One of the patient's pages."""
    return render(request, f"patient/{name}.html", language=language, status=status, **values)


async def _holds_seat(request: Request, link: Link) -> bool:
    secret = request.cookies.get(seat_cookie(link.seat.id))
    if not secret:
        return False
    async with link.house.database.work() as work:
        return await find_seat_by_holder(work, link.seat.id, secret) is not None


def language_of(request: Request, link: Link | None) -> str:
    """As asked for in the address, chosen before, known of the seat, told by the browser, or the clinic's."""
    return pick_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        link.seat.language if link else None,
        accepted=request.headers.get("accept-language", ""),
        fallback=link.default_language if link else "en",
    )


def remember_language(request: Request, answer: Response) -> None:
    """The language asked for in the address is this browser's from now on."""
    chosen = request.query_params.get("lang")
    if chosen is not None and chosen in LANGUAGES:
        _set_cookie(answer, LANGUAGE_COOKIE, chosen, _LANGUAGE_LIFE_S)


def _set_cookie(answer: Response, name: str, value: str, life_s: int) -> None:
    cookie = f"{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; Secure; SameSite=Lax"
    answer.headers.append("set-cookie", cookie)


def frame_of_nobody() -> dict[str, Any]:
    """What a page says around its own matter where no clinic is known."""
    names = tuple(OWN_NAMES.items())
    return {
        "clinic": "",
        "phone": "",
        "dial": "",
        "when": "",
        "language_names": names,
        "isolate": isolate,
        "brand": Brand(),
    }


def frame_of(link: Link, language: str) -> dict[str, Any]:
    """What every page of a link says around its own matter."""
    when = (
        ""
        if link.dead in ("moved", "cancelled", "withdrawn")
        else short_time(link.starts_at, link.time_zone, language)
    )
    return {
        **frame_of_nobody(),
        "clinic": link.clinic,
        "phone": link.phone,
        "dial": dial(link.phone),
        "when": when,
        "brand": link.brand,
        "role": link.seat.role,
        "fallback": link.default_language,
    }


def _landing(link: Link, language: str) -> dict[str, Any]:
    early = link.house.clock.now() < link.opens_at
    return {
        **frame_of(link, language),
        "when": "",
        "when_in_full": long_time(link.starts_at, link.time_zone, language),
        "opens": time_of_day(link.opens_at, link.time_zone, language) if early else "",
        "is_days_ahead": link.is_days_ahead,
    }


def _first(link: Link, language: str) -> dict[str, Any]:
    texts = catalogue(language, link.seat.role, link.default_language)
    values = {
        "seat": link.seat.id,
        "role": link.seat.role,
        "clinic": link.clinic,
        "phone": link.phone,
        "dial": dial(link.phone),
        "language": language,
        "closed": link.brand.say("closed", language),
        "opens": time_of_day(link.opens_at, link.time_zone, language),
        "ahead": long_time(link.starts_at, link.time_zone, language) if link.is_days_ahead else "",
        "state": link.state,
        "texts": {name: texts[name] for name in _SCRIPT_TEXTS},
        "words": {key: say(key, language) for key in WAITING_TEXTS},
    }
    return of_page(values)
