"""Calls through a real relay: both see each other, and neither browser hears where the other is."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.meetings.coturn import HOST, RELAYED_FROM, Coturn, needs_coturn
from tests.meetings.test_relay import credentials
from tests.stories.demo import Demo
from tests.stories.planted import find_in, plant
from tests.stories.planted_visit import Received
from tests.stories.theatre import Clinician, Patient, Theatre, frames_move, pixels_move

pytestmark = needs_coturn

_SELECTED: Final = """
async () => {
  const found = [];
  for (const peer of window.__peers || []) {
    if (peer.connectionState !== 'connected') continue;
    const stats = await peer.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      const pair = stats.get(report.selectedCandidatePairId);
      const near = stats.get(pair.localCandidateId), far = stats.get(pair.remoteCandidateId);
      const { iceTransportPolicy: policy } = peer.getConfiguration();
      found.push({ near: near.candidateType, far: far.candidateType, over: near.relayProtocol, policy });
    }
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def coturn() -> Iterator[Coturn]:
    with Coturn() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def relayed(coturn: Coturn) -> AsyncIterator[Demo]:
    demo = await asyncio.to_thread(Demo(**coturn.settings(coturn.udp)).start)
    yield demo
    await asyncio.to_thread(demo.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(relayed: Demo, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(relayed, chromium)
    yield made
    await made.close()


async def waiting(stage: Theatre, **who: str) -> tuple[Clinician, Patient]:
    """The patient waits, and the clinician looks at the visit."""
    booked = stage.demo.book(**who)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await patient.open_link()
    return clinician, patient


async def in_call(stage: Theatre) -> tuple[Clinician, Patient]:
    """Both are in the call; the patient was let in by one press on the panel."""
    booked = stage.demo.book()
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    return clinician, patient


async def pairs_of(somebody: Clinician | Patient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await somebody.mark("call").evaluate(_SELECTED)
    return found


async def pair_of(somebody: Clinician | Patient) -> dict[str, Any]:
    """How the call goes, once a warm-up that came too late to be used is let go of."""
    found = await pairs_of(somebody)
    for _ in range(30):
        if len(found) == 1:
            break
        await asyncio.sleep(0.5)
        found = await pairs_of(somebody)
    (pair,) = found
    return pair


# A page whose owner changed it: it finds every candidate and sends them all.
_SHOWS_ITS_ADDRESS: Final = """
(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Native, {
    construct: (target, [given, ...rest]) => new target({ ...given, iceTransportPolicy: 'all' }, ...rest),
  });
  const set = Native.prototype.setConfiguration;
  Native.prototype.setConfiguration = function (given) { set.call(this, { ...given, iceTransportPolicy: 'all' }); };
})();
"""
# What is up, once there is something, or nothing any more; what is so after 15 s otherwise.
_UP: Final = """
async (_, isWanted) => {
  const look = async () => {
    const found = [];
    for (const peer of (window.__peers || []).filter((one) => one.connectionState === 'connected')) {
      const reports = [...(await peer.getStats()).values()].filter((report) => report.type === 'outbound-rtp');
      const sent = reports.reduce((sum, report) => sum + report.packetsSent, 0);
      const tracks = peer.getSenders().filter((sender) => sender.track).length;
      found.push({ lines: peer.getTransceivers().length, tracks, sent });
    }
    return found;
  };
  let found = await look();
  for (let waited = 0; waited < 15000 && found.length > 0 !== isWanted; waited += 100) {
    await new Promise((done) => setTimeout(done, 100));
    found = await look();
  }
  return found;
}
"""
_GATHERS: Final = """
async ([urls, username, credential]) => {
  const peer = new RTCPeerConnection({ iceServers: [{ urls, username, credential }], iceTransportPolicy: 'relay' });
  let found = 0, refused = 0;
  peer.onicecandidate = ({ candidate }) => { if (candidate && candidate.type === 'relay') found += 1; };
  peer.onicecandidateerror = ({ errorCode }) => { if (errorCode === 401) refused += 1; };
  peer.createDataChannel('x');
  await peer.setLocalDescription();
  const isDone = () => peer.iceGatheringState === 'complete';
  for (let waited = 0; waited < 5000 && !isDone(); waited += 50) await new Promise((done) => setTimeout(done, 50));
  peer.close();
  return { found, refused };
}
"""


def said_by_sockets(received: Received) -> list[dict[str, Any]]:
    """Every message that the page heard on its sockets."""
    frames = [part.split(" ", 1)[1] for part in received.parts if part.startswith("ws")]
    return [json.loads(frame) for frame in frames]


def addresses_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text))


async def is_warm(somebody: Clinician | Patient, *, wanted: bool = True) -> list[dict[str, int]]:
    """The connections that are up outside of a call, once there is one, or none."""
    mark = somebody.mark("lobby" if isinstance(somebody, Patient) else "visit-card")
    up: list[dict[str, int]] = await mark.evaluate(_UP, wanted)
    assert bool(up) is wanted
    return up


async def test_a_call_goes_through_the_relay_only(stage: Theatre) -> None:
    clinician, patient = await in_call(stage)

    for somebody in (clinician, patient):
        assert await frames_move(somebody)
        assert await pixels_move(somebody)
        pair = await pair_of(somebody)
        assert (pair["near"], pair["far"], pair["policy"]) == ("relay", "relay", "relay")
    await expect(clinician.panel.locator("body")).to_contain_text("Your network address is hidden")


async def test_a_call_goes_through_a_relay_that_is_reached_by_streams_only(
    coturn: Coturn, chromium: Browser
) -> None:
    """Where a network lets no datagrams out."""
    demo = await asyncio.to_thread(Demo(**coturn.settings(coturn.tcp)).start)
    stage = Theatre(demo, chromium)
    try:
        clinician, patient = await in_call(stage)

        for somebody in (clinician, patient):
            assert await frames_move(somebody)
            pair = await pair_of(somebody)
            assert (pair["near"], pair["far"], pair["over"]) == ("relay", "relay", "tcp")
    finally:
        await stage.close()
        await asyncio.to_thread(demo.stop)


async def test_the_relay_takes_nobodys_credentials_but_ours_and_only_while_they_live(
    coturn: Coturn, chromium: Browser, relayed: Demo
) -> None:
    page = await chromium.new_page()
    await page.goto(f"{relayed.url}/healthz")

    ours = await page.evaluate(_GATHERS, [coturn.udp, *credentials()])
    foreign = await page.evaluate(_GATHERS, [coturn.udp, *credentials(secret="another")])
    old = await page.evaluate(_GATHERS, [coturn.udp, *credentials(lives=timedelta(hours=-1))])
    await page.close()

    assert ours["found"] > 0
    assert (foreign["found"], old["found"]) == (0, 0)
    assert foreign["refused"] > 0
    assert old["refused"] > 0


async def test_before_admission_both_are_warm_and_nothing_is_sent(stage: Theatre) -> None:
    """And the press needs no negotiation: the connection that was warm carries the call."""
    clinician, patient = await waiting(stage)
    received, sent = Received(), list[str]()
    received.listen(patient.page)
    patient.page.on("websocket", lambda one: one.on("framesent", lambda frame: sent.append(str(frame))))
    await patient.press_start()
    await patient.enter_lobby()

    at_patient, at_clinician = await is_warm(patient), await is_warm(clinician)
    before = said_by_sockets(received)
    said_before = len(sent)
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    assert await frames_move(patient)
    assert await frames_move(clinician)

    assert at_patient == at_clinician == [{"lines": 2, "tracks": 0, "sent": 0}]
    assert {one["type"] for one in before} <= {"state", "pong", "warm", "warm-signal"}
    for one in before:
        assert "p_" not in json.dumps(one) or one["type"] == "state"
        assert not find_in(json.dumps(one), ["clinician", "peer"])
    later = sent[said_before:]
    assert any('"signal"' in one and '"warm"' in one for one in later)
    assert not any('"description"' in one for one in later)
    assert len(await pairs_of(clinician)) == 1


@pytest.mark.parametrize("who", ["patient", "clinician"])
async def test_a_page_that_sends_its_own_address_is_not_heard_with_it(stage: Theatre, who: str) -> None:
    """In descriptions and in trickle, before admission and after it."""
    booked = stage.demo.book()
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    bad, good = (clinician, patient) if who == "clinician" else (patient, clinician)
    await bad.context.add_init_script(_SHOWS_ITS_ADDRESS)
    received, sent = Received(), list[str]()
    received.listen(good.page)
    bad.page.on("websocket", lambda one: one.on("framesent", lambda frame: sent.append(str(frame))))

    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await is_warm(clinician)
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()

    assert any("typ host" in one for one in sent)
    signals = json.dumps([one for one in said_by_sockets(received) if "signal" in one["type"]])
    assert "typ relay" in signals
    assert "typ host" not in signals
    assert addresses_in(signals) <= {RELAYED_FROM, "0.0.0.0"}
    pair = await pair_of(good)
    assert (pair["near"], pair["far"]) == ("relay", "relay")


async def test_every_byte_that_the_patient_received_says_nothing_of_who_the_clinician_is_or_where(
    stage: Theatre,
) -> None:
    """A planted clinician, a whole visit through the relay: pages, sockets, descriptions, candidates."""
    people = plant(stage.demo)
    booked = stage.demo.book(patient=people.patient_id, practitioner=people.doctor_id)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    received = Received()
    received.listen(patient.page)

    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await is_warm(patient)
    await clinician.press("admit")
    await patient.is_in_call()
    assert await frames_move(patient)
    await clinician.press("hold")
    await expect(patient.mark("call")).to_have_attribute("data-state", "held")
    await clinician.press("resume")
    await patient.is_in_call()
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()

    text = await received.text()
    mail = stage.demo.http.get(f"{stage.demo.sandbox}/fhir/r4/sandbox/Practitioner/{people.doctor_id}")
    assert mail.status_code in (200, 401)
    assert find_in(text, [*people.of_clinician, people.doctor_id]) == []
    messages = said_by_sockets(received)
    assert {"warm", "warm-signal", "admitted", "signal", "over"} <= {one["type"] for one in messages}
    assert addresses_in(json.dumps(messages)) <= {HOST, RELAYED_FROM, "0.0.0.0"}
    candidates = [line for one in messages for line in re.findall(r"candidate:[^\"\\]+", json.dumps(one))]
    assert candidates
    assert all(
        f" {RELAYED_FROM} " in line and "typ relay raddr 0.0.0.0 rport 0" in line for line in candidates
    )


async def test_a_call_whose_path_breaks_finds_another_by_itself(coturn: Coturn, stage: Theatre) -> None:
    """The relay dies under the call, and another begins: the panel says since when, and then nothing any more."""
    clinician, patient = await in_call(stage)
    card = clinician.mark("visit-card")

    await asyncio.to_thread(coturn.kill)
    try:
        await expect(clinician.mark("call")).to_have_attribute("data-state", "reconnecting")
        await expect(card).to_contain_text("No picture or sound of the patient since")
        await expect(patient.mark("call")).to_have_attribute("data-state", "reconnecting")
    finally:
        await asyncio.to_thread(coturn.start)

    await expect(clinician.mark("call")).to_have_attribute("data-state", "connected", timeout=60_000)
    await expect(card).not_to_contain_text("No picture or sound")
    await patient.is_in_call()
    for somebody in (clinician, patient):
        assert await frames_move(somebody)
    pair = await pair_of(patient)
    assert (pair["near"], pair["far"]) == ("relay", "relay")


async def test_no_warm_up_leaves_a_ghost_however_the_waiting_goes_on(stage: Theatre) -> None:
    """Reloaded, turned away and back, sent back to the lobby: each time it is warm again, and the call works."""
    clinician, patient = await waiting(stage)
    await patient.press_start()
    await patient.enter_lobby()
    await is_warm(patient)

    await patient.page.reload()
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await is_warm(patient)
    await clinician.press("decline")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "declined")
    await is_warm(patient, wanted=False)
    await patient.page.get_by_role("button").last.click()
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await is_warm(patient)
    await clinician.press("admit")
    await patient.is_in_call()
    assert await frames_move(clinician)
    await clinician.press("send-back")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await is_warm(patient)
    await clinician.press("admit")
    await patient.is_in_call()

    for somebody in (clinician, patient):
        assert await frames_move(somebody)
        assert len(await pairs_of(somebody)) == 1


async def test_whoever_lets_the_patient_in_from_another_window_is_the_one_who_sees_them(
    stage: Theatre,
) -> None:
    """The panel in the chart is warm; the visit is opened in a window of its own, and the patient let in there."""
    clinician, patient = await waiting(stage)
    await patient.press_start()
    await patient.enter_lobby()
    await is_warm(clinician)

    async with clinician.page.context.expect_page() as opening:
        await clinician.press("open-apart")
    apart = await opening.value
    await apart.get_by_role("button").first.click()
    await expect(apart.get_by_test_id("admit")).to_be_enabled()
    await apart.get_by_test_id("admit").click()
    await patient.is_in_call()
    await expect(apart.get_by_test_id("call")).to_have_attribute("data-state", "connected")

    assert await frames_move(patient)
    # A warm-up that the press came before may be there for some seconds more, with nothing on it.
    in_use = [one for one in await apart.get_by_test_id("call").evaluate(_UP, True) if one["sent"]]
    assert len(in_use) == 1
    await expect(patient.mark("remote-video")).to_have_count(1)
    await is_warm(clinician, wanted=False)
