"""The schedule interface: what the desk does leaves as HL7 v2 messages over MLLP, in order, until they are taken."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.house import House
from housecall.sandbox.options import CLINIC_ZONE

_START, _END = b"\x0b", b"\x1c\r"
_AGAIN_AFTER_S: Final = 0.5
_ANSWER_WITHIN_S: Final = 10
_LINE_MOST: Final = 64 * 1024
# The filler's status words (table 0278).
_STATUSES: Final = {
    "booked": "Booked", "arrived": "Started", "checked-in": "Started", "fulfilled": "Complete",
    "cancelled": "Cancelled", "noshow": "Noshow", "entered-in-error": "Deleted", "proposed": "Pending",
    "pending": "Pending", "waitlist": "Waitlist",
}  # fmt: skip
_EVENTS: Final = {"cancelled": "S15", "noshow": "S26", "entered-in-error": "S17"}


def event_of(visit: Appointment, deed: str) -> str:
    """The event for what the desk did: booked, moved, or changed."""
    return {"booked": "S12", "moved": "S13"}.get(deed) or _EVENTS.get(visit.status, "S14")


class Interface:
    """Sends what the desk does to one listener; what is not acknowledged is sent again, nothing overtakes."""

    def __init__(self, house: House, port: int) -> None:
        self._house = house
        self._port = port
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._count = 0

    def tell(self, visit: Appointment, deed: str) -> None:
        """The message waits for its turn."""
        self._count += 1
        self._waiting.append(self._message(visit, event_of(visit, deed)).encode())
        self._news.set()

    async def run(self) -> None:
        """Send until told to stop."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                try:
                    await self._send_all()
                except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
                    await asyncio.sleep(_AGAIN_AFTER_S)

    async def _send_all(self) -> None:
        reading, writing = await asyncio.open_connection("127.0.0.1", self._port, limit=_LINE_MOST)
        try:
            while self._waiting:
                writing.write(_START + self._waiting[0] + _END)
                await writing.drain()
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    answer = await reading.readuntil(_END)
                if b"MSA|AE" in answer:
                    raise EOFError
                # Taken, or refused for good.
                self._waiting.popleft()
        finally:
            writing.close()

    def _message(self, visit: Appointment, event: str) -> str:
        world = self._house.world
        patient, clinician = world.patient(visit.patient), world.practitioner(visit.practitioner)
        place, now = world.location(visit.location), self._house.clock.now()
        start, end = _time(visit.start), _time(visit.end)
        segments = (
            f"MSH|^~\\&|EPIC|PRAIRIE|HOUSECALL|VIDEO|{_time(now, fine=True)}||SIU^{event}"
            f"|{now:%y%m%d%H%M%S}{self._count:06}|P|2.3",
            f"SCH|{visit.id}|{visit.id}|||||{visit.reason}|{visit.service}|{visit.minutes}|MIN|^^^{start}^{end}"
            f"||||||||||||||{_STATUSES.get(visit.status, '')}",
            f"PID|1||{patient.mrn}^^^PRAIRIE^MR||{patient.family}^{patient.given}||{patient.birth_date:%Y%m%d}",
            f"PV1|1|O|||||||||||||||||{visit.id}",
            "RGS|1|A",
            f"AIS|1|A|VID^{visit.service}",
            f"AIL|1|A|{place.id}^{place.alias}",
            f"AIP|1|A|{clinician.id}^{clinician.family}^{clinician.given}",
        )
        return "\r".join(segments) + "\r"


def _time(at: datetime, *, fine: bool = False) -> str:
    """A time of the clinic's clock: of the day with its offset where it is fine, else without."""
    local = at.astimezone(CLINIC_ZONE)
    if not fine:
        return f"{local:%Y%m%d%H%M%S}"
    return f"{local:%Y%m%d%H%M%S}.{local.microsecond // 100:04}{_offset(local)}"


def _offset(local: datetime) -> str:
    away = local.utcoffset() or timedelta()
    minutes = int(abs(away).total_seconds() // 60)
    return f"{'-' if away < timedelta() else '+'}{minutes // 60:02}{minutes % 60:02}"
