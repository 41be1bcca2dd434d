"""Setting a connection up by hand: drafts, two people at once, and what the log says of it."""

from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy import setup, store
from housecall.tenancy.errors import (
    ConnectionDouble,
    ConnectionUnknown,
    IllegalConnectionMove,
    NotValidated,
)
from housecall.tenancy.model import ConnectionState, Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation, is_working
from housecall.tenancy.tables import Connection

INGRID = By(Actor.administrator, "ingrid")
TOMAS = By(Actor.administrator, "tomas")
BASE = "https://ehr.example/r4/t1"


class Desk:
    """The acts of administrators, each in a transaction of its own."""

    def __init__(self, database: Database, clock: FakeClock, sealer: Sealer) -> None:
        self.database, self.clock, self.sealer = database, clock, sealer
        self.org_id: OrgId

    async def open(self, name: str = "lakeside") -> None:
        async with self.database.work() as work:
            made = await ensure_organisation(work, name, region="americas", now=self.clock.now(), by=INGRID)
            self.org_id = OrgId(made.id)

    async def draft(self, by: By = INGRID) -> str:
        async with self.database.work() as work:
            made = await setup.add_draft(work, self.org_id, sealer=self.sealer, now=self.clock.now(), by=by)
            return made.id

    async def save(
        self, connection_id: str, *, version: int, by: By = INGRID, secret: str = "", **values: Any
    ) -> int:
        async with self.database.work() as work:
            saved = await setup.save_settings(
                work,
                self.org_id,
                connection_id,
                version=version,
                typed={name: str(value) for name, value in values.items()},
                values=values,
                secrets={"client_secret": secret},
                sealer=self.sealer,
                now=self.clock.now(),
                by=by,
            )
            return saved.version

    async def validated(self, connection_id: str, *, is_usable: bool = True) -> None:
        async with self.database.work() as work:
            connection = await store.get_connection(work, self.org_id, connection_id)
            about = setup.validated_about(connection)
            found = {"is_usable": is_usable, "about": about, "vendor": "epic"}
            await setup.note_validation(work, self.org_id, connection_id, found)

    async def done(self, connection_id: str) -> Connection:
        async with self.database.work() as work:
            return await setup.finish_draft(work, self.org_id, connection_id, now=self.clock.now(), by=INGRID)

    async def connected(self, base_url: str = BASE, **values: Any) -> Connection:
        """A test connection that was set up from a draft to its end."""
        draft = await self.draft()
        await self.save(draft, version=1, base_url=base_url, client_id="c-1", **values)
        await self.validated(draft)
        return await self.done(draft)

    async def read(self, connection_id: str) -> Connection:
        async with self.database.work() as work:
            return await store.get_connection(work, self.org_id, connection_id)

    async def told(self, act: Act, connection_id: str) -> list[dict[str, Any]]:
        """The details of the log's entries of this act on the connection."""
        async with self.database.work() as work:
            found = await work.session.scalars(
                select(AuditEntry)
                .where(AuditEntry.act == act.value, AuditEntry.subject == connection_id)
                .order_by(AuditEntry.id)
            )
            return [entry.detail for entry in found]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database: Database, clock: FakeClock, sealer: Sealer) -> Desk:
    made = Desk(database, clock, sealer)
    await made.open()
    return made


async def test_an_empty_draft_is_found_again_by_whoever_began_it_and_by_nobody_else(desk: Desk) -> None:
    first = await desk.draft()

    assert await desk.draft() == first
    assert await desk.draft(TOMAS) != first


async def test_a_draft_works_nowhere_and_has_no_launch_address_yet(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.save(draft, version=1, base_url=BASE, client_id="c-1")

    async with desk.database.work() as work:
        working = [one.id for one in await store.list_working_connections(work)]
        launched = await store.list_connections_by_base_url(work, BASE)

    assert draft not in working
    assert draft not in [one.id for one in launched]


async def test_a_draft_is_done_only_when_its_address_as_it_stands_was_validated(desk: Desk) -> None:
    draft = await desk.draft()
    version = await desk.save(draft, version=1, base_url=BASE)
    with pytest.raises(NotValidated):
        await desk.done(draft)
    await desk.validated(draft, is_usable=False)
    with pytest.raises(NotValidated):
        await desk.done(draft)

    await desk.validated(draft)
    await desk.save(draft, version=version, base_url=BASE + "/other")

    with pytest.raises(NotValidated):
        await desk.done(draft)


async def test_a_draft_that_left_the_vendor_open_has_the_one_that_was_found(desk: Desk) -> None:
    assert (await desk.connected()).vendor == "epic"


async def test_the_same_address_is_connected_once_an_environment(desk: Desk) -> None:
    await desk.connected()

    with pytest.raises(ConnectionDouble):
        await desk.connected()
    assert (await desk.connected(environment="production")).state == ConnectionState.validated


async def test_a_connection_without_a_client_id_stands_and_does_not_work_yet(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.save(draft, version=1, base_url=BASE)
    await desk.validated(draft)

    made = await desk.done(draft)

    async with desk.database.work() as work:
        working = [one.id for one in await store.list_working_connections(work)]
    assert (made.state, is_working(made), made.id in working) == (ConnectionState.validated, False, False)


async def test_whoever_saves_second_is_told_and_changes_nothing(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        version = (await setup.get_setup(work, desk.org_id, made.id)).version
    await desk.save(made.id, version=version, by=INGRID, time_zone="Europe/Copenhagen")

    with pytest.raises(Overtaken):
        await desk.save(made.id, version=version, by=TOMAS, time_zone="Asia/Tokyo")

    assert (await desk.read(made.id)).time_zone == "Europe/Copenhagen"


async def test_a_change_by_the_command_is_told_to_whoever_has_the_form_open(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        version = (await setup.get_setup(work, desk.org_id, made.id)).version
    declared = Declaration(BASE, Environment.test, "epic", "public", client_id="c-2")
    async with desk.database.work() as work:
        await declare_connection(
            work, desk.org_id, declared, sealer=desk.sealer, now=desk.clock.now(), by=INGRID
        )

    with pytest.raises(Overtaken):
        await desk.save(made.id, version=version, client_id="c-3")


async def test_a_saved_change_is_on_record_before_and_after_and_a_secret_only_as_set(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        version = (await setup.get_setup(work, desk.org_id, made.id)).version

    await desk.save(made.id, version=version, secret="hunter-two", locations=["l-1", "l-2"])

    (detail,) = await desk.told(Act.connection_changed, made.id)
    assert detail == {
        "locations_before": "",
        "locations_after": "l-1 | l-2",
        "client_secret_before": "none",
        "client_secret_after": "set",
    }


async def test_a_change_by_the_command_is_on_record_before_and_after(desk: Desk) -> None:
    for client in ("c-1", "c-2"):
        declared = Declaration(BASE, Environment.test, "epic", "public", client_id=client)
        async with desk.database.work() as work:
            made = await declare_connection(
                work, desk.org_id, declared, sealer=desk.sealer, now=desk.clock.now(), by=INGRID
            )

    (detail,) = await desk.told(Act.connection_changed, made.id)
    assert (detail["client_id_before"], detail["client_id_after"]) == ("c-1", "c-2")


async def test_an_empty_secret_keeps_the_one_that_is_saved(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        version = (await setup.get_setup(work, desk.org_id, made.id)).version
    version = await desk.save(made.id, version=version, secret="hunter-two")
    before = (await desk.read(made.id)).client_secret_sealed

    await desk.save(made.id, version=version, time_zone="Asia/Tokyo")

    assert (await desk.read(made.id)).client_secret_sealed == before is not None


async def test_address_and_environment_of_a_connection_that_stands_stay(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        version = (await setup.get_setup(work, desk.org_id, made.id)).version

    await desk.save(made.id, version=version, base_url="https://elsewhere.example", environment="production")

    kept = await desk.read(made.id)
    assert (kept.base_url, kept.environment) == (BASE, "test")


async def test_another_schedule_is_read_whole_as_at_the_first_poll(desk: Desk) -> None:
    made = await desk.connected()
    async with desk.database.work() as work:
        kept = await store.get_connection(work, desk.org_id, made.id)
        kept.first_polled_at = kept.next_poll_at = desk.clock.now()
        version = (await setup.get_setup(work, desk.org_id, made.id)).version

    await desk.save(made.id, version=version, locations=["l-9"])

    assert (await desk.read(made.id)).first_polled_at is None


async def test_a_connection_is_paused_and_resumed_on_record_and_a_draft_is_not(desk: Desk) -> None:
    made, draft, now = await desk.connected(), await desk.draft(TOMAS), desk.clock.now()
    async with desk.database.work() as work:
        await setup.pause(work, desk.org_id, made.id, now=now, by=INGRID)
    paused = await desk.read(made.id)
    async with desk.database.work() as work:
        await setup.resume(work, desk.org_id, made.id, now=now, by=INGRID)

    verbs = [detail["verb"] for detail in await desk.told(Act.connection_state, made.id)]
    assert (paused.state, is_working(paused), verbs) == ("paused", False, ["validate", "pause", "resume"])
    with pytest.raises(IllegalConnectionMove):
        async with desk.database.work() as work:
            await setup.pause(work, desk.org_id, draft, now=now, by=INGRID)


async def test_a_production_connection_cannot_go_live_by_a_pause(desk: Desk) -> None:
    made = await desk.connected(environment="production")

    with pytest.raises(IllegalConnectionMove):
        async with desk.database.work() as work:
            await setup.pause(work, desk.org_id, made.id, now=desk.clock.now(), by=INGRID)


async def test_a_draft_can_be_removed_and_a_connection_cannot(desk: Desk) -> None:
    made, draft, now = await desk.connected(), await desk.draft(), desk.clock.now()
    async with desk.database.work() as work:
        await setup.drop_draft(work, desk.org_id, draft, now=now, by=INGRID)

    with pytest.raises(ConnectionUnknown):
        await desk.read(draft)
    with pytest.raises(IllegalConnectionMove):
        async with desk.database.work() as work:
            await setup.drop_draft(work, desk.org_id, made.id, now=now, by=INGRID)


async def test_another_organisation_finds_nothing_of_it(desk: Desk) -> None:
    made = await desk.connected()
    await desk.open("upstream")

    with pytest.raises(ConnectionUnknown):
        await desk.save(made.id, version=1, client_id="theirs")
