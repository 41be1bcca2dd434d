"""The HTTP gateway: its words by a table, and every way an answer can fail to come."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from benchmarks.reminders_gateway import CountingGateway

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderAnswer,
    ProviderRefused,
    ProviderUnavailable,
)
from housecall.messaging.providers.gateway import REASONS, STATES, GatewayProvider, read_reason, read_state
from tests.messaging.office import Office, number_of

TO = "+13125550110"


@dataclass
class Line:
    """A provider and the gateway at the other end."""

    provider: GatewayProvider
    gateway: CountingGateway
    url: str


@pytest_asyncio.fixture(loop_scope="session")
async def line() -> AsyncIterator[Line]:
    gateway = CountingGateway()
    url = await gateway.start() + "/gateway"
    provider = GatewayProvider(url, timeout=timedelta(seconds=1))
    yield Line(provider, gateway, url)
    await provider.close()
    await gateway.stop()


def a_text() -> OutgoingText:
    return OutgoingText(reference=str(uuid.uuid4()), sent_from="+18335550100", to=TO, body="Hello.")


def answering(status: int, **more: object) -> GatewayProvider:
    """A provider whose gateway always says the same."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, **more))  # type: ignore[arg-type]
    return GatewayProvider("https://gateway.test/texts", client=httpx.AsyncClient(transport=transport))


async def test_a_text_is_one_post_of_four_fields() -> None:
    seen: list[httpx.Request] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"id": 77})

    transport = httpx.MockTransport(gateway)
    provider = GatewayProvider(
        "https://gateway.test/texts?k=1", client=httpx.AsyncClient(transport=transport)
    )
    text = a_text()
    answer = await provider.send(text)
    await provider.lookup(text.reference)

    post, get = seen
    assert (post.method, str(post.url)) == ("POST", "https://gateway.test/texts?k=1")
    fields = httpx.Response(200, content=post.content).json()
    assert fields == {"reference": text.reference, "from": "+18335550100", "to": TO, "body": "Hello."}
    assert answer == ProviderAnswer("77")
    assert (get.method, dict(get.url.params)) == ("GET", {"k": "1", "reference": text.reference})


@pytest.mark.parametrize("fault", ["broken", "silent", "no-id", "hangs"])
async def test_a_text_that_was_taken_without_an_answer_is_of_unknown_fate(line: Line, fault: str) -> None:
    line.gateway.faults[TO] = fault
    text = a_text()

    with pytest.raises(ProviderUnavailable) as told:
        await line.provider.send(text)

    assert told.value.is_fate_unknown
    status = await line.provider.lookup(text.reference)
    assert status is not None
    assert status.state is MessageState.accepted


async def test_an_answer_that_comes_too_late_is_not_waited_for(line: Line) -> None:
    line.gateway.takes_s = 0.6
    text = a_text()

    with pytest.raises(ProviderUnavailable) as told:
        await line.provider.send(text)
    while not line.gateway.texts:  # noqa: ASYNC110 - the gateway goes on by itself
        await asyncio.sleep(0.01)
    line.gateway.takes_s = 0
    again = await line.provider.send(text)

    assert told.value.is_fate_unknown
    assert again.provider_id == "t-1"
    assert line.gateway.counts()["sent"] == 1


async def test_a_gateway_that_cannot_be_reached_has_surely_not_taken_the_text(line: Line) -> None:
    await line.gateway.stop()

    with pytest.raises(ProviderUnavailable) as told:
        await line.provider.send(a_text())

    assert not told.value.is_fate_unknown


@pytest.mark.parametrize(
    ("status", "is_fate_unknown", "wait"),
    [
        (500, True, None),
        (502, True, None),
        (503, True, None),
        (302, True, None),
        (408, True, None),
        (429, False, None),
    ],
)
async def test_an_answer_that_is_no_answer_asks_for_another_try(
    status: int, is_fate_unknown: bool, wait: timedelta | None
) -> None:
    with pytest.raises(ProviderUnavailable) as told:
        await answering(status).send(a_text())

    assert (told.value.is_fate_unknown, told.value.wait) == (is_fate_unknown, wait)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", timedelta(seconds=30)), ("999999", timedelta(hours=1)), ("Wed, 25 Nov 2026", None), ("-5", None)],
)
async def test_retry_after_is_kept_to_within_an_hour(header: str, wait: timedelta | None) -> None:
    with pytest.raises(ProviderUnavailable) as told:
        await answering(429, headers={"Retry-After": header}).send(a_text())

    assert told.value.wait == wait


@pytest.mark.parametrize("field", ["code", "reason", "error"])
async def test_a_refusal_is_read_from_whichever_field_names_it(field: str) -> None:
    with pytest.raises(ProviderRefused) as told:
        await answering(422, json={field: "opted_out"}).send(a_text())

    assert told.value.reason is FailReason.opted_out


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'"no"'])
async def test_a_refusal_without_words_is_a_refusal(body: bytes) -> None:
    with pytest.raises(ProviderRefused) as told:
        await answering(400, content=body).send(a_text())

    assert told.value.reason is FailReason.other


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b'{"id": null}', b'{"id": ""}', b'{"id": {}}'])
async def test_taken_without_an_id_is_of_unknown_fate(body: bytes) -> None:
    with pytest.raises(ProviderUnavailable) as told:
        await answering(200, content=body).send(a_text())

    assert told.value.is_fate_unknown


@pytest.mark.parametrize(("status", "body"), [(500, {}), (200, {}), (401, {})])
async def test_a_lookup_without_an_answer_is_not_a_no(status: int, body: dict[str, str]) -> None:
    """Taking it for "never had it" would send the text again."""
    with pytest.raises(ProviderUnavailable):
        await answering(status, json=body).lookup("r-1")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("accepted", MessageState.accepted),
        ("queued", MessageState.accepted),
        ("sending", MessageState.accepted),
        ("sent", MessageState.accepted),
        ("delivered", MessageState.delivered),
        ("failed", MessageState.failed),
        ("undelivered", MessageState.failed),
        ("rejected", MessageState.failed),
        (" Delivered ", MessageState.delivered),
    ],
)
async def test_the_gateways_word_for_a_state_is_ours(
    word: str, state: MessageState, caplog: pytest.LogCaptureFixture
) -> None:
    status = await answering(200, json={"id": "t-1", "status": word}).lookup("r-1")

    assert status is not None
    assert status.state is state
    assert (status.reason is not None) == (state is MessageState.failed)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("opted_out", FailReason.opted_out),
        ("blocked_by_recipient", FailReason.opted_out),
        ("invalid", FailReason.invalid_number),
        ("invalid_number", FailReason.invalid_number),
        ("unknown_number", FailReason.unknown_number),
        ("nonexistent_number", FailReason.unknown_number),
        ("number_does_not_exist", FailReason.unknown_number),
        ("blocked", FailReason.blocked_number),
        ("blocked_number", FailReason.blocked_number),
        ("unreachable", FailReason.unreachable),
        ("unreachable_number", FailReason.unreachable),
        ("spam", FailReason.spam_detected),
        ("spam_detected", FailReason.spam_detected),
        ("recipient_blocked", FailReason.recipient_blocked),
        ("landline", FailReason.landline),
        ("other", FailReason.other),
        ("other_error", FailReason.other),
    ],
)
def test_the_gateways_word_for_a_reason_is_ours(
    word: str, reason: FailReason, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_reason(word.upper()) is reason
    assert caplog.text == ""


def test_the_tables_above_are_whole() -> None:
    assert (len(STATES), len(REASONS)) == (8, 17)


def test_every_reason_a_provider_can_tell_has_a_word() -> None:
    told_by_us = {FailReason.provider_unavailable}

    assert set(REASONS.values()) == set(FailReason) - told_by_us


@pytest.mark.parametrize("word", ["code-7391", "", None])
def test_an_unknown_reason_is_loud_and_counts_as_other(
    word: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        reason = read_reason(word)

    assert reason is FailReason.other
    assert "The gateway gave a reason that is not in our table." in caplog.text


def test_an_unknown_state_is_loud_and_counts_as_accepted(caplog: pytest.LogCaptureFixture) -> None:
    """The gateway has the text, whatever it calls that: sending it again would be wrong."""
    with caplog.at_level(logging.WARNING):
        state = read_state("teleported")

    assert state is MessageState.accepted
    assert "The gateway used a status that is not in our table." in caplog.text


async def test_an_outbox_on_a_gateway_that_breaks_sends_each_text_once(office: Office, line: Line) -> None:
    for number, fault in enumerate(["broken", "silent", "no-id", "hangs", "", ""]):
        await office.plan(f"visit-{number}")
        line.gateway.faults[number_of(f"visit-{number}")] = fault
    outbox = office.outbox(line.provider)

    await outbox.send_due()
    first = await office.states()
    office.clock.advance(timedelta(minutes=1))
    await outbox.send_due()

    assert sorted(first.values()) == ["accepted"] * 2 + ["unknown"] * 4
    assert set((await office.states()).values()) == {"accepted"}
    counts = line.gateway.counts()
    assert (counts["sent"], counts["doubled"], counts["repeats"], counts["posts"]) == (6, 0, 0, 6)
