"""The setup wizard's frame: its steps, how far each one is, and a step's page with all of them beside it.

A step's page calls ``show_step``; its template extends portal/setup.html and fills ``title`` and ``step``. Its form is
drawn with portal/_forms.html. How far a step is is never stored: it follows from what is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.readiness import lacks_of
from housecall.tenancy.service import may_text
from housecall.tenancy.store import list_connections
from housecall.tenancy.tables import Connection
from housecall.web.house import house_of
from housecall.web.portal_pages import show


class Progress(StrEnum):
    """How far a step is."""

    not_begun = "not_begun"
    begun = "begun"
    done = "done"


PROGRESS_WORDS: Final = {
    Progress.not_begun: "Not begun",
    Progress.begun: "Begun",
    Progress.done: "Done",
}


# A connection's states as people read them.
STATE_WORDS: Final = {
    "draft": "Draft",
    "validated": "Address validated",
    "tested": "Test launch worked",
    "live": "Live",
    "paused": "Paused",
}


@dataclass(frozen=True)
class StepKind:
    """One step of the wizard: its name in marks and code, its label, its address, and what says how far it is."""

    name: str
    label: str
    address: str
    progress: Callable[[Sequence[Connection]], Progress]
    is_optional: bool = False


def connections_progress(connections: Sequence[Connection]) -> Progress:
    """Done once an EHR is connected and no draft is left lying."""
    return _progress(connections, [one.state != ConnectionState.draft for one in connections])


def messages_progress(connections: Sequence[Connection]) -> Progress:
    """Done once every connection has both consents and a number; the step may be left out."""
    connected = _connected(connections)
    ready = [may_text(one) in (None, "connection_not_working") for one in connected]
    begun = [one for one in connections if one.consent_send_at or one.consent_attendees_at or one.texts_from]
    if begun and not all(ready):
        return Progress.begun
    return _progress(begun, ready)


def review_progress(connections: Sequence[Connection]) -> Progress:
    """Done once every connection has all that visits need."""
    connected = _connected(connections)
    return _progress(connected, [not any(lack.is_needed for lack in lacks_of(one)) for one in connected])


STEPS: Final = (
    StepKind("connections", "Connections", "/portal/setup/connections", connections_progress),
    StepKind("messages", "Messages", "/portal/setup/messages", messages_progress, is_optional=True),
    StepKind("review", "Review and finish", "/portal/setup/review", review_progress),
)


@dataclass(frozen=True)
class Step:
    """A step as it stands now."""

    kind: StepKind
    progress: Progress

    @property
    def words(self) -> str:
        """How far it is, as people read it."""
        if self.kind.is_optional and self.progress is Progress.not_begun:
            return "Not begun, optional"
        return PROGRESS_WORDS[self.progress]


def steps_of(connections: Sequence[Connection]) -> tuple[Step, ...]:
    """All steps of an organisation with these connections."""
    return tuple(Step(kind, kind.progress(connections)) for kind in STEPS)


async def show_step(
    request: Request, person: SignedIn, template: str, *, step: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A step's page; ``step`` is its name in ``STEPS``."""
    async with house_of(request).database.work() as work:
        connections = await list_connections(work, person.org_id)
    names = [kind.name for kind in STEPS]
    at = names.index(step)
    return show(
        request,
        person,
        template,
        here="setup",
        status=status,
        step=step,
        steps=steps_of(connections),
        next_step=STEPS[at + 1] if at + 1 < len(STEPS) else None,
        **values,
    )


def _connected(connections: Sequence[Connection]) -> list[Connection]:
    return [one for one in connections if one.state != ConnectionState.draft]


def _progress(begun: Sequence[object], parts: Sequence[bool]) -> Progress:
    if not begun:
        return Progress.not_begun
    return Progress.done if parts and all(parts) else Progress.begun
