"""Each form of the portal, posted as no browser would: one clear sentence, and what was typed kept; never our fault."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging.carriers import Credentials
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.tenancy.model import Role
from tests.shape.portal_table import TABLE
from tests.visits.clinic import open_clinic
from tests.web.forms import Form, posted_forms
from tests.web.live import Live, serve
from tests.web.test_write_back import as_browser, signed_in

# An EHR or a provider that is asked may be away.
_ANSWERS = {200, 303, 400, 404, 409, 502}
# Pages that are left by it, and what a form is not for.
_NOT_WALKED = {"/portal/sign-out", "/portal/account/end-others"}
_USUAL = {"kind": "reminder", "channel": "sms", "language": "en", "vendor": "epic", "persona": "provider"}


@dataclass
class Walk:
    """An administrator's browser, the forms of all pages, and another organisation's connection."""

    live: Live
    client: httpx.AsyncClient
    known: dict[str, str]
    foreign: str
    forms: dict[str, Form] = field(default_factory=dict)

    async def collect(self) -> None:
        for route in TABLE:
            method, _, path = route.partition(" ")
            if method != "GET" or not path.startswith("/portal") or path.endswith((".csv", "/try", "/open")):
                continue
            page = path.format_map(_Known(self.known))
            answer = await self.client.get(page)
            for form in posted_forms(answer.text) if answer.status_code == 200 else []:
                target = urlsplit(form.action).path or page
                if target not in _NOT_WALKED:
                    there = self.forms.setdefault(target, Form(target))
                    there.fields.update(form.fields)
                    there.typed |= form.typed

    async def post(self, action: str, fields: dict[str, str]) -> httpx.Response:
        return await self.client.post(action, data=fields)


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _USUAL.get(name, "other")


@pytest_asyncio.fixture(loop_scope="session")
async def walk(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Walk]:
    other = await open_clinic(database, clock, sealer, name="another")
    foreign = other.connection.id
    clinic = await open_clinic(database, clock, sealer)
    known = {"connection_id": clinic.connection.id, "visit_id": (await clinic.visit()).id}
    async with serve(clinic) as live:
        live.house.carriers.use(
            Credentials("gateway", "a", "b"), texts=MemoryProvider(), numbers=MemoryNumbers()
        )
        client = as_browser(await signed_in(live, Role.administrator))
        walked = Walk(live, client, known, foreign)
        await walked.collect()
        yield walked
        await client.aclose()


def usual(form: Form) -> dict[str, str]:
    return {name: next(iter(sorted(values)), "") for name, values in form.fields.items()}


def hostile(form: Form) -> Iterator[tuple[str, dict[str, str]]]:
    """The form with all that is typed wrong in one way, with every field wrong, and with none there."""
    for kind, value in _VALUES.items():
        yield kind, usual(form) | dict.fromkeys(form.typed, value)
    yield "all wrong", dict.fromkeys(form.fields, _VALUES["wrong"])
    yield "missing", {"nothing": "of yours"}


_VALUES = {
    "empty": "",
    "long": "long" * 10_000,
    "nul": "a\x00b",
    "wrong": "12; --<b>&\"' \N{SNOWMAN}",
    "number": "-99999999999999999999",
}


def is_said(page: str) -> bool:
    """Whether the page says in words what is wrong."""
    return bool(re.search(r'role="(alert|status)"|data-testid="refused"|field-fault', page))


async def test_no_form_of_the_portal_is_broken_by_what_is_posted(walk: Walk) -> None:
    faults = []
    for action, form in walk.forms.items():
        for kind, fields in hostile(form):
            answer = await walk.post(action, fields)
            if answer.status_code not in _ANSWERS:
                faults.append(f"{answer.status_code} {action} {kind}")
            elif answer.status_code >= 400 and not is_said(answer.text):
                faults.append(f"nothing said: {answer.status_code} {action} {kind}")
            elif answer.status_code == 400:
                faults += [f"lost: {action} {kind} {name}" for name in lost(form, fields, answer.text)]

    assert not faults, "\n".join(faults)
    assert len(walk.forms) >= 16


def lost(form: Form, fields: dict[str, str], page: str) -> list[str]:
    """Fields that the page shows again without what was typed there; a NUL and forty kilobytes nobody types."""
    shown = next((one for one in posted_forms(page) if form.typed & one.typed), None)
    if shown is None:
        return []
    return [
        name
        for name in form.typed & shown.typed & fields.keys()
        if "\x00" not in fields[name]
        and len(fields[name]) < 1000
        and html.escape(fields[name], quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        not in page
    ]


async def test_another_organisations_connection_is_unknown_to_every_form(walk: Walk) -> None:
    faults, asked = [], 0
    for action, form in walk.forms.items():
        if walk.known["connection_id"] not in action:
            continue
        asked += 1
        answer = await walk.post(action.replace(walk.known["connection_id"], walk.foreign), usual(form))
        if answer.status_code != 404 or not is_said(answer.text):
            faults.append(f"{answer.status_code} {action}")

    assert not faults, "\n".join(faults)
    assert asked
