"""The panel's snapshot: whole, without a name, in few queries."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from housecall.audit.model import Actor, By
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.service import plan
from housecall.visits import lobby, store, views
from tests.visits.clinic import Clinic

SYSTEM = By(Actor.system, "tests")


@contextmanager
def counted(clinic: Clinic) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
        said.append(statement)

    engine = clinic.database.engine().sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


async def test_the_snapshot_has_all_its_fields(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.act(lobby.record_check, seat.id, {"camera": "ok"})

    view = await clinic.view(visit)

    assert set(view) == {
        "visit", "rev", "state", "starts_at", "ends_at", "ordinal", "can_restart", "patient", "others",
        "guests", "is_consult", "handed_to", "attendees", "protected", "hold_message", "confirmed_at", "meeting",
    }  # fmt: skip
    assert set(view["patient"]) == {
        "participant", "state", "since", "waiting_since", "first_waiting_at", "present", "device", "message",
        "gone_since",
        "arrival", "text_me", "called_at",
    }  # fmt: skip
    assert view["patient"]["device"] == {"camera": "ok", "because": {}, "at": clinic.now.isoformat()}
    assert (view["attendees"], view["protected"]) == (2, False)


async def test_the_newest_message_is_in_it_and_a_change_of_it_reaches_the_panel(clinic: Clinic) -> None:
    visit = await clinic.visit()
    panel = clinic.panel(visit)
    async with clinic.database.work() as work:
        await plan(
            work, clinic.org_id, connection_id=visit.connection_id, subject_ref=visit.id,
            kind=MessageKind.confirmation, instant="now", channel=Channel.sms, due_at=clinic.now,
            now=clinic.now,
        )  # fmt: skip

    await clinic.act(views.publish_message_change, visit.id)
    await clinic.act(views.publish_message_change, "no-visit")

    assert panel.last("visit")["visit"]["patient"]["message"] == {
        "kind": "confirmation",
        "channel": "sms",
        "state": "planned",
        "reason": None,
        "at": clinic.now.isoformat(),
    }


async def test_many_visits_take_no_more_queries_than_one(clinic: Clinic) -> None:
    visits = [await clinic.visit(f"appointment-{number}") for number in range(20)]

    async with clinic.database.work() as work:
        rows = await store.list_visits(work, clinic.org_id, [visit.id for visit in visits])
        with counted(clinic) as one:
            await views.visit_views(work, clinic.org_id, rows[:1])
        with counted(clinic) as all_of_them:
            found = await views.visit_views(work, clinic.org_id, rows)

    assert len(one) == len(all_of_them) <= 3
    assert [view["visit"] for view in found] == [row.id for row in rows]


async def test_entering_the_lobby_takes_few_queries(clinic: Clinic) -> None:
    """The path from the patient's press to the panel is measured in milliseconds, and every query is one."""
    visit = await clinic.visit()
    seat = await clinic.start(visit)

    with counted(clinic) as said:
        await clinic.act(lobby.enter_lobby, seat.id)

    assert len(said) <= 9, said
