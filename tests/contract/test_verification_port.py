"""What Twilio and Azure tell of the carriers' check, by their own SDKs against servers that answer as theirs do."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from housecall.messaging.number_model import NumberKind, Verification
from housecall.messaging.number_model import VerificationFault as Fault
from housecall.messaging.providers.azure_numbers import AzureNumbers
from housecall.messaging.providers.base import ProviderError, ProviderUnavailable
from housecall.messaging.providers.gateway_numbers import GatewayNumbers
from housecall.messaging.providers.numbers import Verified
from housecall.messaging.providers.twilio_client import TwilioAccount
from housecall.messaging.providers.twilio_numbers import TwilioNumbers
from housecall.messaging.providers.verdicts import CODES, read_fault
from tests.telecom.azure_server import KEY, Azure
from tests.telecom.served import served
from tests.telecom.twilio_server import SID, TOKEN, Twilio

LOCAL, TOLL_FREE = "+13125550142", "+18335550142"


class TwilioWorld:
    """A local Twilio with one long code and one toll-free number of ours, and the provider that asks it."""

    def __init__(self, server: Twilio, provider: TwilioNumbers) -> None:
        self.server, self.provider = server, provider
        self.local = str(server.add(LOCAL)["sid"])
        self.toll_free = str(server.add(TOLL_FREE)["sid"])

    async def of_local(self) -> Verified:
        return await self.provider.verification(self.local, LOCAL, NumberKind.local)

    async def of_toll_free(self) -> Verified:
        return await self.provider.verification(self.toll_free, TOLL_FREE, NumberKind.toll_free)


@pytest_asyncio.fixture(loop_scope="session")
async def twilio() -> AsyncIterator[TwilioWorld]:
    server = Twilio()
    async with served(server.app()) as url:
        provider = TwilioNumbers(
            TwilioAccount(SID, TOKEN, url=url), reply_url="https://housecall.test/hooks/twilio"
        )
        yield TwilioWorld(server, provider)
        await provider.close()


@pytest_asyncio.fixture(loop_scope="session")
async def azure() -> AsyncIterator[tuple[Azure, AzureNumbers]]:
    server = Azure()
    async with served(server.app()) as url:
        provider = AzureNumbers(url, KEY)
        yield server, provider
        await provider.close()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (None, Verified(Verification.needed)),
        ({"status": "PENDING_REVIEW"}, Verified(Verification.pending)),
        ({"status": "IN_REVIEW"}, Verified(Verification.pending)),
        ({"status": "TWILIO_APPROVED"}, Verified(Verification.approved)),
        (
            {
                "status": "TWILIO_REJECTED",
                "rejection_reasons": [
                    {"code": 30513, "reason": "Opt-in not sufficient: Language Unclear"},
                    {"code": 30484, "reason": "Business name and official records do not match"},
                    {"code": 30511, "reason": "Verbal consent script must be provided"},
                ],
            },
            Verified(Verification.rejected, (Fault.consent_unclear, Fault.business_not_found)),
        ),
        (
            {"status": "TWILIO_REJECTED", "error_code": 30451, "rejection_reason": "Address invalid"},
            Verified(Verification.rejected, (Fault.address_invalid,)),
        ),
    ],
)  # fmt: skip
async def test_twilios_toll_free_form_is_read_with_every_reason_once(
    twilio: TwilioWorld, form: dict[str, Any] | None, told: Verified
) -> None:
    if form:
        twilio.server.verifications[twilio.toll_free] = form

    assert await twilio.of_toll_free() == told


@pytest.mark.parametrize(
    ("campaign", "told"),
    [
        ({"campaign_status": "PENDING"}, Verified(Verification.pending)),
        ({"campaign_status": "IN_PROGRESS"}, Verified(Verification.pending)),
        ({"campaign_status": "VERIFIED"}, Verified(Verification.approved)),
        (
            {
                "campaign_status": "FAILED",
                "errors": [
                    {"error_code": 30893, "fields": ["MESSAGE_SAMPLES"], "description": "Sample message"},
                    {"error_code": 30896, "fields": ["MESSAGE_FLOW"], "description": "Opt-in"},
                ],
            },
            Verified(Verification.rejected, (Fault.samples_unfit, Fault.consent_unclear)),
        ),
        ({"campaign_status": "SUSPENDED"}, Verified(Verification.rejected, (Fault.suspended,))),
    ],
)  # fmt: skip
async def test_a_long_code_stands_as_its_campaign_does(
    twilio: TwilioWorld, campaign: dict[str, Any], told: Verified
) -> None:
    twilio.server.serve()
    twilio.server.serve(twilio.local, campaigns=[campaign])

    assert await twilio.of_local() == told


async def test_an_approved_campaign_carries_the_number_whatever_was_tried_before(twilio: TwilioWorld) -> None:
    tried = [{"campaign_status": "FAILED", "errors": []}, {"campaign_status": "VERIFIED"}]
    twilio.server.serve(twilio.local, campaigns=tried)

    assert (await twilio.of_local()).state is Verification.approved


async def test_a_number_outside_the_campaign_is_told_to_be_put_into_it(twilio: TwilioWorld) -> None:
    twilio.server.serve(campaigns=[{"campaign_status": "VERIFIED"}])

    assert await twilio.of_local() == Verified(Verification.needed, (Fault.number_not_in_campaign,))


@pytest.mark.parametrize(
    ("brand", "told"),
    [
        (None, Verified(Verification.needed)),
        ({"status": "PENDING"}, Verified(Verification.pending)),
        ({"status": "IN_REVIEW"}, Verified(Verification.pending)),
        ({"status": "APPROVED"}, Verified(Verification.needed, (Fault.campaign_missing,))),
        (
            {"status": "FAILED", "errors": [{"code": 30799, "description": "Unable to verify the details"}]},
            Verified(Verification.rejected, (Fault.business_not_found,)),
        ),
        (
            {"status": "FAILED", "failure_reason": "The tax id does not match."},
            Verified(Verification.rejected, (Fault.business_not_found,)),
        ),
        ({"status": "SUSPENDED"}, Verified(Verification.rejected, (Fault.suspended,))),
    ],
)
async def test_without_a_campaign_the_brand_tells(
    twilio: TwilioWorld, brand: dict[str, Any] | None, told: Verified
) -> None:
    twilio.server.serve(twilio.local)
    twilio.server.brands = [brand] if brand else []

    assert await twilio.of_local() == told


async def test_a_twilio_that_is_away_is_no_verdict(twilio: TwilioWorld) -> None:
    twilio.server.down = True

    for ask in (twilio.of_local, twilio.of_toll_free):
        with pytest.raises(ProviderUnavailable):
            await ask()


async def test_a_word_of_twilios_that_is_not_in_our_table_is_loud_and_unknown(
    twilio: TwilioWorld, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.server.verifications[twilio.toll_free] = {"status": "ON_FIRE"}

    with caplog.at_level(logging.ERROR):
        told = await twilio.of_toll_free()

    assert told == Verified(Verification.unknown)
    assert "not in our table" in caplog.text


@pytest.mark.parametrize(
    ("status", "notes", "told"),
    [
        ("draft", [], Verified(Verification.needed)),
        ("submitted", [], Verified(Verification.pending)),
        ("approved", ["Thank you."], Verified(Verification.approved)),
        ("cancelled", [], Verified(Verification.needed, (Fault.withdrawn,))),
        (
            "updateRequested",
            ["The privacy policy is missing.", "Please show how consumers opt in.", "No opt-in was shown."],
            Verified(Verification.rejected, (Fault.policy_unfit, Fault.consent_unclear)),
        ),
        (
            "denied",
            ["Invalid or inaccessible website URL"],
            Verified(Verification.rejected, (Fault.website_unfit,)),
        ),
        ("denied", [], Verified(Verification.rejected, (Fault.other,))),
    ],
)
async def test_azures_brief_is_read_with_what_reviewers_noted(
    azure: tuple[Azure, AzureNumbers], status: str, notes: list[str], told: Verified
) -> None:
    server, provider = azure
    for place in range(120):
        server.add_brief(f"+1888555{place:04d}", "draft")
    server.add_brief(TOLL_FREE, status, *notes)

    assert await provider.verification(TOLL_FREE, TOLL_FREE, NumberKind.toll_free) == told


async def test_azure_tells_of_numbers_without_a_brief_and_of_long_codes_what_it_can(
    azure: tuple[Azure, AzureNumbers], caplog: pytest.LogCaptureFixture
) -> None:
    server, provider = azure

    without = await provider.verification(TOLL_FREE, TOLL_FREE, NumberKind.toll_free)
    long_code = await provider.verification(LOCAL, LOCAL, NumberKind.local)
    server.briefs = None
    silent = await provider.verification(TOLL_FREE, TOLL_FREE, NumberKind.toll_free)

    assert [one.state for one in (without, long_code, silent)] == ["needed", "unknown", "unknown"]
    server.down = True
    with pytest.raises(ProviderError):
        await provider.verification(TOLL_FREE, TOLL_FREE, NumberKind.toll_free)


async def test_a_gateways_owner_answers_to_the_carriers() -> None:
    provider = GatewayNumbers("http://127.0.0.1:9")

    told = await provider.verification("1", TOLL_FREE, NumberKind.toll_free)
    await provider.close()

    assert told == Verified(Verification.not_needed)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Toll-Free verification rejection - Disallowed: Cryptocurrency", Fault.content_forbidden),
        ("Opt-in URL not accessible", Fault.consent_unclear),
        ("Website could not be reached", Fault.website_unfit),
        ("Age Gate", Fault.policy_unfit),
        ("Contact must be a business representative", Fault.contact_unfit),
        ("The EIN does not match", Fault.business_not_found),
        ("Sample message and use-case are inconsistent", Fault.samples_unfit),
        ("Campaign description is too short", Fault.description_unfit),
        ("A DCA2 rejected this", Fault.carrier_refused),
        ("Requested Cancellation", Fault.withdrawn),
    ],
)
def test_a_reason_without_a_known_code_is_read_by_its_words(said: str, fault: Fault) -> None:
    assert read_fault(39999, said) is fault


@pytest.mark.parametrize("code", [None, 39999, "x", "9" * 400, "30484 ", -1, [], {}])
def test_a_reason_nobody_knows_is_loud_and_never_a_fault_of_ours(
    code: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert read_fault(code, "\x00 nobody's words \N{SNOWMAN}") is Fault.other

    assert "not in our table" in caplog.text
    assert "nobody" not in caplog.text


def test_every_code_in_the_table_has_one_meaning() -> None:
    assert all(read_fault(code, "") is fault for code, fault in CODES.items())
    assert read_fault("30484", "") is Fault.business_not_found
