"""The clinic's day: who comes when, and the desk's work on it."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from housecall.sandbox import desk
from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.options import CLINIC_ZONE
from housecall.sandbox.pages.clinician import find_signed_in
from housecall.sandbox.pages.day_list import rows_of
from housecall.sandbox.pages.frame import live_page, own_address, same_site_path
from housecall.sandbox.people import Patient
from housecall.sandbox.world import local_day

# Near midnight the day's list goes on over it: what is about to begin is always in sight.
_NEAR: Final = timedelta(hours=6)
# A benchmark books thousands: the page shows those nearest to now.
_MOST_ROWS: Final = 400
CANCEL_REASONS: Final = ("Patient request", "Clinician unavailable", "Scheduled in error")


async def schedule(request: Request) -> Response:
    """The day's appointments, narrowed to a clinician or a place when asked."""
    house = house_of(request)
    now = house.clock.now()
    today = local_day(now)
    day = _read_day(request.query_params.get("day"), today)
    clinician, place = request.query_params.get("clinician", ""), request.query_params.get("location", "")
    shown = [
        each
        for each in _shown(house, day, today)
        if clinician in ("", each.practitioner) and place in ("", each.location)
    ]
    nearest = sorted(shown, key=lambda each: abs(each.start - now))[:_MOST_ROWS]
    back = own_address(request)
    return live_page(
        request,
        "schedule.html",
        "_schedule_rows.html",
        title="Schedule",
        now=now,
        day=day,
        today=today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        rows=rows_of(sorted(nearest, key=lambda each: (each.start, each.id)), now, day),
        left_out=len(shown) - len(nearest),
        record=house.world.record,
        clinician=clinician,
        place=place,
        people=_bookable(house),
        proposed=now + timedelta(minutes=15 - now.minute % 15),
        signed_in=find_signed_in(request),
        reasons=CANCEL_REASONS,
        back=back,
        live=back,
    )


def _bookable(house: House) -> list[Patient]:
    alive = [each for each in house.world.record.patients.values() if each.is_active and not each.died_on]
    return sorted(alive, key=lambda each: each.listed)


def _read_day(text: str | None, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        return today
    # The days at the ends of the calendar have no neighbour to lead to.
    return day if abs(day.year - today.year) < 100 else today


def _shown(house: House, day: date, today: date) -> list[Appointment]:
    shown = house.world.list_of_day(day)
    if day != today:
        return shown
    now = house.clock.now()
    near = [
        each
        for each in house.world.record.appointments.values()
        if abs(each.start - now) < _NEAR and local_day(each.start) != day
    ]
    return sorted(shown + near, key=lambda each: (each.start, each.id))


async def book(request: Request) -> Response:
    """The appointment asked for in the form stands; back to its day."""
    house = house_of(request)
    form = await request.form()
    start = _read_time(house, form)
    minutes = str(form.get("minutes", "20"))
    is_video = form.get("video") == "yes"
    wish = desk.Wish(
        start=start,
        minutes=int(minutes) if minutes.isdecimal() else 20,
        patient=str(form.get("patient", "")),
        practitioner=str(form.get("practitioner", "")),
        location=desk.usual_place(house.world, is_video=is_video),
        is_video=is_video,
        reason=str(form.get("reason") or "Follow-up"),
    )
    desk.book(house.world, wish)
    day = local_day(start)
    return RedirectResponse("/" if day == local_day(house.clock.now()) else f"/?day={day}", 303)


async def change(request: Request) -> Response:
    """The appointment is moved, cancelled, or marked as the desk says; back to where the form was."""
    house = house_of(request)
    form = await request.form()
    appointment = house.world.appointment(request.path_params["appointment_id"])
    match form.get("deed"):
        case "move":
            desk.move(house.world, appointment, _read_time(house, form))
        case "cancel":
            why = str(form.get("why") or CANCEL_REASONS[0])
            desk.set_status(house.world, appointment, "cancelled", why=why)
        case "mark":
            desk.set_status(house.world, appointment, str(form.get("status")))
        case _:
            raise RequestRefused("An appointment is moved, cancelled or marked.")
    back = form.get("back")
    return RedirectResponse(same_site_path(str(back) if back else None, "/"), 303)


def _read_time(house: House, form: FormData) -> datetime:
    """A time of the form is a time at the clinic."""
    try:
        local = datetime.fromisoformat(str(form.get("start", "")))
    except ValueError:
        raise RequestRefused("The time is needed, like 2026-01-31T14:30.") from None
    if abs(local.year - house.clock.now().year) > desk.FURTHEST_YEARS:
        raise RequestRefused("The calendar reaches two years either way.")
    return local.replace(tzinfo=CLINIC_ZONE).astimezone(UTC)


ROUTES = [
    Route("/", schedule),
    Route("/book", book, methods=["POST"]),
    Route("/appointments/{appointment_id}", change, methods=["POST"]),
]
