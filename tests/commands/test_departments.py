"""Departments and settings by command: what is typed is done, on record, and printed as it stands then."""

from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from housecall.audit.model import Act
from housecall.audit.tables import AuditEntry
from housecall.commands.main import _parser
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging.errors import TemplateRefused
from housecall.tenancy.errors import DepartmentRefused, SettingInvalidHere
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


async def typed(clinic: Clinic, *words: str) -> Any:
    """What the command answers, before it is printed."""
    arguments = _parser().parse_args(words)
    async with serve(clinic) as live, clinic.database.work() as work:
        return await arguments.deed(live.house, work, clinic.org_id, arguments)


async def details(clinic: Clinic, act: Act) -> list[dict[str, Any]]:
    async with clinic.database.work() as work:
        asked = select(AuditEntry.detail).where(AuditEntry.act == act.value).order_by(AuditEntry.id)
        return list(await work.session.scalars(asked))


async def test_a_department_is_made_changed_switched_and_archived(clinic: Clinic) -> None:
    connection = clinic.connection.id
    made = await typed(
        clinic, "departments", "add", "--connection", connection, "--name", "Heart", "--location", "loc-1",
        "--texts-from", "(312) 555-0110", "--reminder", "2d", "30m",
    )  # fmt: skip
    one = ("--department", made["id"])
    changed = await typed(
        clinic, "departments", "change", *one, "--name", "Cardiology", "--as-connection", "numbers"
    )
    live = await typed(clinic, "departments", "live", *one)
    pilot = await typed(clinic, "departments", "pilot", "--connection", connection, "on")
    listed = await typed(clinic, "departments", "list")
    gone = await typed(clinic, "departments", "archive", *one)

    assert (made["live"], made["texts_from"], made["reminders"]) == (False, "+13125550110", "2d 30m")
    assert (changed["name"], changed["texts_from"], changed["reminders"]) == ("Cardiology", None, "2d 30m")
    assert (live["live"], pilot["pilot"], listed) == (True, True, [live])
    assert (gone["archived"], await typed(clinic, "departments", "list")) == (True, [])
    (entry,) = await details(clinic, Act.department_changed)
    assert (entry["texts_from_before"], entry["texts_from_after"]) == ("+13125550110", "")
    assert (entry["name_before"], entry["name_after"]) == ("Heart", "Cardiology")


async def test_what_a_department_cannot_be_is_one_sentence(clinic: Clinic) -> None:
    with pytest.raises(DepartmentRefused, match="Choose at least one place or one person"):
        await typed(clinic, "departments", "add", "--connection", clinic.connection.id, "--name", "Heart")


async def test_settings_are_changed_by_command_with_before_and_after(clinic: Clinic) -> None:
    own = await typed(
        clinic,
        "settings",
        "organisation",
        "--clinic-phone",
        "+1 312 555 0199",
        "--keep-guest-addresses",
        "yes",
    )
    look = await typed(clinic, "settings", "branding", "--accent", "#0b5563", "--welcome", "en=Welcome in")
    one = ("settings", "connection", "--connection", clinic.connection.id)
    connection = await typed(clinic, *one, "--requests-per-minute", "120", "--lobby-opens", "45")

    assert (own["clinic_phone"], own["keeps_guest_addresses"]) == ("+1 312 555 0199", True)
    assert (look["accent"], look["texts"]["en"]["welcome"]) == ("#0b5563", "Welcome in")
    assert (connection["requests_per_minute"], connection["lobby_opens"]) == (120, 45)
    (budget,) = await details(clinic, Act.connection_budget)
    assert budget["requests_per_min_after"] == 120
    (changed,) = await details(clinic, Act.organisation_changed)
    assert changed["clinic_phone_after"] == "+1 312 555 0199"
    with pytest.raises(SettingInvalidHere, match="Give minutes"):
        await typed(clinic, *one, "--link-works", "1")


async def test_a_message_says_by_command_what_was_typed_and_as_shipped_again(clinic: Clinic) -> None:
    one = ("settings", "wording", "--kind", "reminder", "--channel", "sms", "--language", "da")
    shipped = await typed(clinic, *one)

    own = await typed(clinic, *one, "--body", "{clinic}: vi ses {time}. {link}")
    with pytest.raises(TemplateRefused):
        await typed(clinic, *one, "--body", "Vi ses, {name}.")
    again = await typed(clinic, *one, "--as-shipped")

    assert (own["body"], own["is_own"]) == ("{clinic}: vi ses {time}. {link}", True)
    assert again == shipped
    with pytest.raises(SettingInvalidHere, match="Choose a language"):
        await typed(clinic, *one[:-1], "xx")
