"""What patients say after a visit: the month, the connection and two choices, and nothing that leads to anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select

from housecall.db.work import Work
from housecall.kit.ids import OrgId, new_uuid
from housecall.tenancy.store import list_connections
from housecall.visits.desk import Desk
from housecall.visits.errors import AnswerInvalid, SurveyClosed
from housecall.visits.model import GUESTS, VisitState
from housecall.visits.scene import lock_scene_of_seat
from housecall.visits.tables import SurveyAnswer

CHOICES: Final = ("good", "fair", "poor")


async def answer_survey(
    desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, visit: str, sound: str
) -> None:
    """How the visit was, and how well picture and sound were, one of ``CHOICES`` each; counted once a visit.

    Raises AnswerInvalid, or SurveyClosed for a visit that has not ended, was not attended, or was answered.
    """
    if visit not in CHOICES or sound not in CHOICES:
        raise AnswerInvalid
    scene, _ = await lock_scene_of_seat(work, org_id, seat_id)
    person = scene.on_seat(seat_id)
    is_over = scene.visit.state == VisitState.ended
    if person is None or person.role in GUESTS or not is_over:
        raise SurveyClosed
    if person.first_connected_at is None or person.has_answered:
        raise SurveyClosed
    # That this person answered stands with them; what they answered stands apart, and no key joins the two.
    person.has_answered = True
    today = desk.clock.now().date()
    work.session.add(
        SurveyAnswer(
            id=new_uuid(),
            org_id=org_id,
            connection_id=scene.connection.id,
            month=today.replace(day=1),
            visit=visit,
            sound=sound,
        )
    )
    await work.session.flush()


@dataclass(frozen=True)
class Month:
    """One month's answers: how many chose what, by ``CHOICES``."""

    month: date
    visit: tuple[int, ...]
    sound: tuple[int, ...]

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.visit)


async def count_answers(work: Work, org_id: OrgId, *, environment: str) -> Sequence[Month]:
    """The organisation's answers in that environment by month, the newest first."""
    ids = [one.id for one in await list_connections(work, org_id) if one.environment == environment]
    rows = await work.session.execute(
        select(SurveyAnswer.month, SurveyAnswer.visit, SurveyAnswer.sound, func.count())
        .where(SurveyAnswer.org_id == org_id, SurveyAnswer.connection_id.in_(ids))
        .group_by(SurveyAnswer.month, SurveyAnswer.visit, SurveyAnswer.sound)
    )
    counted: dict[date, tuple[list[int], list[int]]] = {}
    for month, visit, sound, count in rows:
        visits, sounds = counted.setdefault(month, ([0] * len(CHOICES), [0] * len(CHOICES)))
        visits[CHOICES.index(visit)] += count
        sounds[CHOICES.index(sound)] += count
    return [
        Month(month, tuple(visits), tuple(sounds))
        for month, (visits, sounds) in sorted(counted.items(), reverse=True)
    ]
