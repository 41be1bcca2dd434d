"""A visit as calendars know it."""

import uuid
from typing import Final
from urllib.parse import urlsplit

from housecall.messaging.calendar import Event
from housecall.visits.desk import Desk
from housecall.visits.tables import Visit

# More changes than one visit sees: the next visit on the same appointment counts on from there.
_REVISIONS: Final = 10_000
_CALENDARS: Final = uuid.UUID("5b1f3c52-4c0e-4a8e-9a0d-4d2f6c1f7e0a")


def event_of(desk: Desk, visit: Visit) -> Event:
    """By its appointment, which a move or a visit begun again does not change."""
    name = f"{visit.connection_id}/{visit.appointment_ref}"
    host = urlsplit(desk.public_url).hostname or "housecall"
    return Event(
        # The connection's id is random and known to nobody who gets mail: the appointment cannot be guessed from it.
        uid=f"{uuid.uuid5(_CALENDARS, name)}@{host}",
        sequence=(visit.ordinal - 1) * _REVISIONS + visit.revision,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
    )
