"""Epic's call that says who is connected to a video visit, and to its schedule the icons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.sandbox.booking import Appointment
from housecall.sandbox.faults import suffer
from housecall.sandbox.house import House, house_of

PATH: Final = "/epic/2018/Telehealth/ContextLinking/SetExternalConnectionStatus"
_STATUSES: Final = {"1": True, "2": False}
# What kind of id ExternalID is.
_PATIENT, _USER = "1", "2"
_LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class Told:
    """One call that was taken."""

    appointment: str
    who: str
    """patient, or the clinician's id."""
    connected: bool
    at: datetime


class _Refused(Exception):
    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status, self.word = status, word


async def set_external_connection_status(request: Request) -> Response:
    """The schedule shows who is connected; an empty answer."""
    house = house_of(request)
    await suffer(house)
    try:
        told = _read(house, request)
    except _Refused as refusal:
        sentence = f"An error occurred while executing the command: {refusal.word}."
        body = {"Message": "An error has occurred.", "ExceptionMessage": sentence}
        return JSONResponse(body, refusal.status)
    house.world.appointment(told.appointment).connected[told.who] = told.connected
    house.told.append(told)
    house.world.touch()
    return Response(status_code=200)


def _read(house: House, request: Request) -> Told:
    if request.method != "PUT":
        raise _Refused(405, "METHOD-NOT-ALLOWED")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    session = house.grants.find_session(token) if scheme.lower() == "bearer" else None
    if session is None or session.persona != "system":
        raise _Refused(401, "UNAUTHORIZED")
    if request.headers.get("epic-client-id") != session.client_id:
        raise _Refused(403, "INVALID-CLIENT-ID")
    form = request.query_params
    visit = house.world.record.appointments.get(form.get("ConferenceID", ""))
    if visit is None or not visit.is_video:
        raise _Refused(400, "NO-CONFERENCE-FOUND")
    if not 0 < len(form.get("VendorName", "")) <= _LONGEST_NAME:
        raise _Refused(400, "INVALID-VENDOR-NAME")
    if form.get("ConnectionStatus") not in _STATUSES:
        raise _Refused(400, "INVALID-CONNECTION-STATUS")
    who = _person(house, visit, form.get("ExternalIDType", ""), form.get("ExternalID", ""))
    return Told(visit.id, who, _STATUSES[form["ConnectionStatus"]], house.clock.now())


def _person(house: House, visit: Appointment, kind: str, ref: str) -> str:
    ids = house.manner.ids
    if kind == _PATIENT and ids.inward("Patient", ref) == visit.patient:
        return "patient"
    user = ids.inward("Practitioner", ref) if kind == _USER else ""
    if user in house.world.record.practitioners:
        return user
    raise _Refused(400, "INVALID-EXTERNAL-ID")
