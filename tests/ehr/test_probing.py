"""A registration tried without a chart: what an EHR's answers to made-up requests give away."""

from datetime import timedelta

import httpx
import pytest

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import LaunchContext
from housecall.ehr.errors import ClientRefused, EhrError, EhrRefused, EhrUnavailable, LaunchDenied
from housecall.ehr.memory import MemoryEhr
from housecall.ehr.outward import Outward
from housecall.ehr.probing import probe_launch, probe_schedule
from housecall.kit.clock import FakeClock

OURS = "https://housecall.example/ehr/callback"


class Guarded(MemoryEhr):
    """An EHR whose token endpoint answers a code with this refusal."""

    refusal: EhrError | None = None

    async def finish_launch(self, **given: str) -> LaunchContext:  # type: ignore[override]
        if self.refusal is not None:
            raise self.refusal
        return await super().finish_launch(**given)  # type: ignore[arg-type]


async def probed(clock: FakeClock, answer: httpx.Response, refusal: EhrError | None = None) -> dict[str, str]:
    """The level of each finding, by its code."""
    ehr = Guarded(clock)
    ehr.refusal = refusal
    outward = Outward(
        NetworkRules.from_setting(("true",), ""), transport=httpx.MockTransport(lambda _: answer)
    )
    found = await probe_launch(ehr, outward, redirect_url=OURS, persona="practitioner")
    await outward.close()
    return {one.code: one.level.value for one in found}


def sent_to(address: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": address})


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (sent_to("https://ehr.example/sign-in?x=1"), "ok"),
        (sent_to(f"{OURS}?error=invalid_request&state=s"), "ok"),
        (sent_to(f"{OURS}?error=unauthorized_client"), "fail"),
        (sent_to(f"{OURS}?error=invalid_scope"), "fail"),
        (httpx.Response(200, text="<h1>Sign in</h1>"), "warn"),
        (httpx.Response(400, text="redirect mismatch"), "fail"),
        (httpx.Response(503), "warn"),
    ],
)
async def test_the_authorization_endpoint_gives_away_whether_it_knows_us(
    clock: FakeClock, answer: httpx.Response, level: str
) -> None:
    assert (await probed(clock, answer))["authorization"] == level


@pytest.mark.parametrize(
    ("refusal", "level"),
    [
        (None, "ok"),
        (ClientRefused(), "fail"),
        (LaunchDenied(), "warn"),
        (EhrUnavailable(), "warn"),
    ],
)
async def test_the_token_endpoint_gives_away_whether_it_believes_us(
    clock: FakeClock, refusal: EhrError | None, level: str
) -> None:
    """None: the twin refuses the made-up code as one it never gave, which is what a server that knows us does."""
    assert (await probed(clock, sent_to("https://ehr.example/sign-in"), refusal))["client"] == level


async def test_an_ehr_that_is_away_is_one_finding_and_no_error(clock: FakeClock) -> None:
    ehr = MemoryEhr(clock)
    ehr.fault = EhrUnavailable()
    outward = Outward(
        NetworkRules.from_setting(("true",), ""), transport=httpx.MockTransport(lambda _: sent_to(""))
    )

    (found,) = await probe_launch(ehr, outward, redirect_url=OURS, persona="patient")

    assert (found.code, found.level.value) == ("authorization", "fail")


@pytest.mark.parametrize(("fault", "level"), [(None, "ok"), (EhrRefused(), "fail")])
async def test_a_system_account_is_tried_by_reading_a_day(
    clock: FakeClock, fault: EhrError | None, level: str
) -> None:
    ehr = MemoryEhr(clock)
    ehr.fault = fault

    found = await probe_schedule(
        ehr, practitioners=["p-1"], locations=[], start=clock.now(), window=timedelta(days=1)
    )

    assert found.level.value == level
