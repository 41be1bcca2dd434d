"""Appointments as the EHR keeps them: booked, moved, cancelled, each change a new version."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

# What a PATCH may do to a status; the clinic's own pages may do anything.
MOVES: Final[dict[str, tuple[str, ...]]] = {
    "proposed": ("booked", "cancelled"),
    "booked": ("arrived", "checked-in", "cancelled"),
    "arrived": ("checked-in", "cancelled"),
    "checked-in": ("fulfilled", "cancelled"),
}
STATUSES: Final = (
    "proposed", "pending", "booked", "arrived", "checked-in", "fulfilled", "cancelled", "noshow", "waitlist",
    "entered-in-error",
)  # fmt: skip
OVER: Final = ("cancelled", "noshow", "fulfilled", "entered-in-error")


@dataclass
class Rooms:
    """The two video links written back, and the period they are good for, as they were written."""

    provider_url: str
    patient_url: str
    start: str
    end: str


@dataclass
class Appointment:
    """One appointment; times are aware UTC."""

    id: str
    encounter: str
    patient: str
    practitioner: str
    location: str
    start: datetime
    minutes: int
    changed: datetime
    is_video: bool = True
    is_sensitive: bool = False  # hidden from the patient's own apps
    service: str = "Video Visit"
    reason: str = "Follow-up"
    status: str = "booked"
    version: int = 1
    patient_status: str = "accepted"
    rooms: Rooms | None = None
    cancel_reason: str | None = None
    comment: str | None = None
    connected: dict[str, bool] = field(default_factory=dict)  # who is in the video visit, as the EHR was told
    oddities: list[str] = field(default_factory=list)  # display-only, empty-comment, uncoded-cancel

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    @property
    def version_id(self) -> str:
        """The opaque version: ``3-1`` for a video visit, ``3`` for any other."""
        return f"{self.version}-1" if self.is_video else str(self.version)

    def change(self, now: datetime) -> None:
        """A new version begins."""
        self.version += 1
        self.changed = now
