"""The texts step's form: what it changes, what it leaves to others, and what it says of each fault."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging import number_store
from housecall.messaging.carriers import Credentials
from housecall.messaging.number_model import NumberFault, NumberKind, Verification, VerificationFault
from housecall.messaging.numbers import activate, begin, fail, request_number
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.messaging.providers.numbers import Verified
from housecall.messaging.verifying_words import FAULTS as VERIFYING_FAULTS
from housecall.tenancy.administrators import sign_in
from housecall.tenancy.consent import list_consents
from housecall.tenancy.model import Role
from housecall.tenancy.store import get_connection
from housecall.web.portal_guards import SESSION_COOKIE
from housecall.web.texts_words import FAULTS, TROUBLES
from tests.visits.clinic import open_clinic
from tests.web.live import Live, serve

BY = By(Actor.administrator, "admin-1")
STEP = "/portal/setup/messages"


@dataclass
class Step:
    """An administrator's browser at the step; the deployment has a gateway that sells numbers."""

    live: Live
    carrier: MemoryProvider
    shop: MemoryNumbers

    async def ask(self, method: str = "GET", path: str = STEP, **form: str) -> httpx.Response:
        clinic, house = self.live.clinic, self.live.house
        async with house.database.work() as work:
            secret = await sign_in(
                work,
                clinic.org_id,
                issuer="https://idp",
                subject="s",
                role=Role.administrator,
                now=clinic.now,
            )
        headers = {"Origin": house.public_url, "Accept": "text/html", "Cookie": f"{SESSION_COOKIE}={secret}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.live.port}", trust_env=False
        ) as client:
            return await client.request(method, path, headers=headers, data=form or None)

    async def press(self, act: str, **form: str) -> httpx.Response:
        return await self.ask(
            "POST", act=act, **{name.replace("_", "-"): value for name, value in form.items()}
        )

    async def number(self, e164: str | None, fault: NumberFault | None = None) -> None:
        clinic = self.live.clinic
        async with self.live.house.database.work() as work:
            made = await request_number(
                work, clinic.org_id, provider="gateway", country="US", kind=NumberKind.toll_free, by=BY,
                now=clinic.now,
            )  # fmt: skip
            begin(made)
            if e164 is not None:
                await activate(work, made, e164, by=BY, now=clinic.now)
            if fault is not None:
                await fail(work, made, fault, by=BY, now=clinic.now)

    async def texts_from(self) -> str | None:
        async with self.live.house.database.work() as work:
            connection = await get_connection(work, self.live.clinic.org_id, self.live.clinic.connection.id)
            return connection.texts_from


@pytest_asyncio.fixture(loop_scope="session")
async def step(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Step]:
    clinic = await open_clinic(database, clock, sealer)
    async with serve(clinic) as live:
        carrier, shop = MemoryProvider(), MemoryNumbers()
        live.house.carriers.use(Credentials("gateway", "a", "b"), texts=carrier, numbers=shop)
        yield Step(live, carrier, shop)


async def test_the_step_shows_both_consents_in_their_words(step: Step) -> None:
    page = (await step.ask()).text

    assert page.count('data-testid="consent-') == 2
    assert "on our organisation&#39;s behalf" in page
    assert 'data-testid="generate-number"' in page


@pytest.mark.parametrize("fault", NumberFault)
async def test_every_failure_of_a_number_has_a_sentence(step: Step, fault: NumberFault) -> None:
    await step.number(None, fault)

    page = (await step.ask()).text

    assert FAULTS[fault.value].split(".")[0].replace("'", "&#39;") in page
    assert 'data-testid="retry-number"' in page


async def test_every_trouble_of_a_provider_has_a_sentence(step: Step) -> None:
    clinic = step.live.clinic
    for trouble, sentence in TROUBLES.items():
        async with step.live.house.database.work() as work:
            await number_store.keep_trouble(work, clinic.org_id, "gateway", trouble, now=clinic.now)

        page = (await step.ask()).text

        assert sentence.split(".")[0].replace("'", "&#39;") in page
    assert "Texts are being held" in page


async def test_consents_are_given_and_taken_back_one_by_one(step: Step) -> None:
    await step.press("withdraw")
    await step.press("done", consent_send="yes", consent_attendees="yes")
    await step.press("done", consent_send_was="yes", consent_attendees_was="yes", consent_attendees="yes")

    async with step.live.house.database.work() as work:
        kept = {one.what: one.withdrawn_at for one in await list_consents(work, step.live.clinic.org_id)}
        connection = await get_connection(work, step.live.clinic.org_id, step.live.clinic.connection.id)
    assert kept == {"send": step.live.clinic.now, "attendees": None}
    assert (connection.consent_send_at, connection.consent_attendees_at) == (None, step.live.clinic.now)


async def test_a_screen_that_changed_nothing_leaves_what_another_one_changed(step: Step) -> None:
    """Two administrators at once: the one whose page is older presses Done and undoes nothing."""
    await step.number("+18335550177")
    first = f"first-{step.live.clinic.connection.id}"
    was = f"first-was-{step.live.clinic.connection.id}"
    before = await step.texts_from() or ""
    await step.ask("POST", act="done", **{first: "+18335550177", was: before})

    await step.ask("POST", act="done", **{first: before, was: before})

    assert await step.texts_from() == "+18335550177"


async def test_consents_count_for_a_connection_that_came_after_them(step: Step) -> None:
    await step.press("withdraw")
    await step.press("done", consent_send="yes", consent_attendees="yes")
    clinic = step.live.clinic
    async with step.live.house.database.work() as work:
        connection = await get_connection(work, clinic.org_id, clinic.connection.id)
        connection.consent_send_at = connection.consent_attendees_at = None

    await step.press(
        "done",
        consent_send="yes",
        consent_attendees="yes",
        consent_send_was="yes",
        consent_attendees_was="yes",
    )

    async with step.live.house.database.work() as work:
        connection = await get_connection(work, clinic.org_id, clinic.connection.id)
        assert connection.consent_send_at is not None
        assert connection.consent_attendees_at is not None


async def test_only_a_number_that_works_can_be_linked(step: Step) -> None:
    first = f"first-{step.live.clinic.connection.id}"
    before = await step.texts_from()

    await step.ask("POST", act="done", **{first: "+18005550199"})

    assert await step.texts_from() == before


async def test_a_brought_number_is_proven_by_a_code_from_it(step: Step) -> None:
    answer = await step.press("bring", brought="(833) 555-0166", phone="(312) 555-0123", country="US")
    [text] = step.carrier.sent
    code = text.body.split("code is ")[1][:6]
    async with step.live.house.database.work() as work:
        [number] = await number_store.list_numbers(work, step.live.clinic.org_id)
    wrong = await step.ask("POST", act=f"prove:{number.id}", **{f"code-{number.id}": "12"})
    right = await step.ask("POST", act=f"prove:{number.id}", **{f"code-{number.id}": code})

    assert (answer.status_code, wrong.status_code, right.status_code) == (303, 400, 303)
    assert (text.sent_from, text.to) == ("+18335550166", "+13125550123")
    assert "That is not the code" in wrong.text
    assert 'data-state="active"' in (await step.ask()).text


async def test_what_was_typed_wrongly_is_said_at_its_field_and_kept(step: Step) -> None:
    answer = await step.press("bring", brought="twelve", phone="")

    assert answer.status_code == 400
    assert 'value="twelve"' in answer.text
    assert "That is no phone number" in answer.text


@pytest.mark.parametrize(
    ("provider", "account", "secret", "sentence"),
    [
        ("twilio", "12345", "long-enough-a-token", "begins with AC"),
        ("twilio", "AC" + "a" * 32, "9d3kx", "too short"),
        ("azure", "https://evil.example", "long-enough-a-key", "communication.azure.com"),
        ("azure", "http://x.communication.azure.com", "long-enough-a-key", "communication.azure.com"),
    ],
)
async def test_an_account_that_cannot_be_right_is_refused(
    step: Step, provider: str, account: str, secret: str, sentence: str
) -> None:
    fields = {f"account-{provider}": account, f"secret-{provider}": secret}

    answer = await step.ask("POST", act=f"account:{provider}", **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert secret not in answer.text


async def test_an_account_is_kept_sealed_and_its_secret_never_shown(step: Step) -> None:
    fields = {"account-twilio": "AC" + "a" * 32, "secret-twilio": "the-token-that-nobody-sees"}

    await step.ask("POST", act="account:twilio", **fields)

    page = (await step.ask()).text
    async with step.live.house.database.work() as work:
        [account] = await number_store.list_accounts(work, step.live.clinic.org_id)
    assert fields["account-twilio"] in page
    assert fields["secret-twilio"] not in page
    assert fields["secret-twilio"].encode() not in account.secret_sealed
    assert '<option value="twilio"' in page


async def test_a_number_the_carriers_rejected_says_why_and_what_to_do_and_is_asked_about_on_a_press(
    step: Step,
) -> None:
    await step.number("+18335550188")
    async with step.live.house.database.work() as work:
        [number] = await number_store.list_numbers(work, step.live.clinic.org_id)
        number.provider_ref = "PN1"
    rejected = Verified(Verification.rejected, (VerificationFault.website_unfit, VerificationFault.other))
    step.shop.verified = rejected
    first = f"first-{step.live.clinic.connection.id}"

    asked = await step.ask("POST", act=f"verified:{number.id}", **{first: "+18335550188"})
    page = (await step.ask()).text
    review = (await step.ask(path="/portal/setup/review")).text
    step.shop.fails = ProviderUnavailable(is_fate_unknown=False)
    away = await step.press(f"verified:{number.id}")
    step.shop.fails, step.shop.verified = None, Verified(Verification.approved)
    await step.press(f"verified:{number.id}")

    assert (asked.status_code, away.status_code) == (303, 400)
    assert "The provider did not answer" in away.text
    for fault in rejected.faults:
        assert VERIFYING_FAULTS[fault].split(".")[0].replace("'", "&#39;") in page
        assert VERIFYING_FAULTS[fault].split(".")[0].replace("'", "&#39;") in review
    assert "may not arrive" in review
    assert "may not arrive" not in (await step.ask(path="/portal/setup/review")).text
    assert "Approved by the carriers" in (await step.ask()).text
