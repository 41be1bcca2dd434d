"""Who the EHR is told is in a visit: the patient from the lobby on, the clinician in the room.

Only what differs from what it was told last is sent, in the order it came to be so: a state, not a history.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from housecall.db.work import Work
from housecall.ehr.base import PractitionerRef, Presence
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import Connection
from housecall.visits import store_writing
from housecall.visits.model import IN_ROOM, TAKING_PART, ParticipantRole, ParticipantState, WriteKind
from housecall.visits.tables import Participant

# The EHR's schedule knows these two; family and interpreters have no place in it.
_SHOWN: Final = frozenset({ParticipantRole.patient, ParticipantRole.clinician})
_PATIENT_IS_IN: Final = IN_ROOM | {ParticipantState.waiting}


@dataclass(frozen=True)
class Telling:
    """One person of whom the EHR is to hear."""

    participant: str
    presence: Presence


def is_on(connection: Connection) -> bool:
    """Whether the connection tells its EHR who is there."""
    return WriteKind.presence.value in connection.write_back


def tellings(people: Iterable[Participant]) -> list[Telling]:
    """What the EHR does not know yet, what is so for longest first."""
    shown = [one for one in people if one.role in _SHOWN and _is_news(one)]
    return [Telling(one.id, _presence(one)) for one in sorted(shown, key=lambda one: (one.since, one.id))]


async def note_told(work: Work, org_id: OrgId, telling: Telling) -> None:
    """The EHR knows this now."""
    await store_writing.set_told(work, org_id, telling.participant, telling.presence.is_connected)


def _is_news(person: Participant) -> bool:
    # Of somebody who never came there is nothing to tell.
    return _is_in(person) != bool(person.ehr_connected)


def _is_in(person: Participant) -> bool:
    is_patient = person.role == ParticipantRole.patient
    return ParticipantState(person.state) in (_PATIENT_IS_IN if is_patient else TAKING_PART)


def _presence(person: Participant) -> Presence:
    user = PractitionerRef(person.user_ref) if person.user_ref else None
    return Presence(user=user, is_connected=_is_in(person))
