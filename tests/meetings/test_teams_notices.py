"""What Graph tells us: only from Graph, only for us, opened with our key, read without names."""

import copy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from housecall.kit.clock import FakeClock
from housecall.meetings.base import Attendee, MediaKind, RosterKind, Side, StreamQuality
from housecall.meetings.errors import NoticeForged
from housecall.meetings.quality import Verdict, judge
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.certificate import make_certificate
from housecall.meetings.teams.reading import read_streams, read_time
from housecall.sandbox.teams.login import validation_token
from housecall.sandbox.teams.notices import encrypt
from tests.meetings.served import ServedTenant, serve_tenant
from tests.sandbox.hospital import NOW
from tests.sandbox.tenant import CERTIFICATE, CLINICIAN

ROSTER: dict[str, Any] = {
    "eventType": "rosterUpdated",
    "eventDateTime": "2026-11-24T15:00:00.1234567Z",
    "participants@delta": [
        {
            "id": "a",
            "isInLobby": False,
            "info": {"identity": {"user": {"id": CLINICIAN, "displayName": "Somebody"}}},
        },
        {
            "id": "b",
            "isInLobby": True,
            "info": {"identity": {"guest": {"id": "b", "displayName": "Somebody"}}},
        },
        {"id": "c", "removedState": {"reason": "left"}, "info": {"identity": {"guest": {"id": "c"}}}},
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def tenant() -> AsyncIterator[ServedTenant]:
    async with serve_tenant(FakeClock(NOW)) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def teams(tenant: ServedTenant) -> AsyncIterator[TeamsMeetings]:
    backend = tenant.backend(FakeClock(NOW))
    yield backend
    await backend.close()


def notice(content: dict[str, Any] = ROSTER) -> dict[str, Any]:
    fields = {
        "encryptionCertificate": CERTIFICATE.der_base64,
        "encryptionCertificateId": CERTIFICATE.thumbprint,
    }
    return {"encryptedContent": encrypt(content, fields)}


async def test_a_roster_is_read_without_its_names(teams: TeamsMeetings, tenant: ServedTenant) -> None:
    event = await teams.read_notice(notice(), [validation_token(tenant.house)])

    assert event is not None
    assert event.kind is RosterKind.changed
    assert event.at == datetime(2026, 11, 24, 15, 0, 0, 123456, UTC)
    assert event.people == (
        Attendee("a", CLINICIAN, False, False),
        Attendee("b", None, True, False),
        Attendee("c", None, False, True),
    )
    assert "Somebody" not in repr(event)


async def test_what_was_encrypted_for_the_certificate_before_is_still_read(tenant: ServedTenant) -> None:
    """A meeting that is followed goes on being told of under the certificate with which that began."""
    renewed = tenant.backend(FakeClock(NOW), pem=make_certificate(NOW).pem, other_pem=CERTIFICATE.pem)
    another = tenant.backend(FakeClock(NOW), pem=make_certificate(NOW).pem)

    event = await renewed.read_notice(notice(), [validation_token(tenant.house)])

    assert event is not None
    with pytest.raises(NoticeForged):
        await another.read_notice(notice(), [validation_token(tenant.house)])
    for backend in (renewed, another):
        await backend.close()


async def test_a_kind_that_is_new_changes_nothing(teams: TeamsMeetings, tenant: ServedTenant) -> None:
    assert (
        await teams.read_notice(notice(ROSTER | {"eventType": "new"}), [validation_token(tenant.house)])
        is None
    )


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-app"},
        {"appid": "another-publisher"},
        {"iss": "https://sts.windows.net/another-tenant/"},
        {"exp": int((NOW - timedelta(hours=1)).timestamp())},
    ],
)
async def test_a_proof_with_one_thing_wrong_proves_nothing(
    teams: TeamsMeetings, tenant: ServedTenant, change: dict[str, Any]
) -> None:
    with pytest.raises(NoticeForged):
        await teams.read_notice(notice(), [validation_token(tenant.house, **change)])


async def test_no_proof_or_somebody_elses_proves_nothing(teams: TeamsMeetings, tenant: ServedTenant) -> None:
    async with serve_tenant(FakeClock(NOW)) as another:
        foreign = validation_token(another.house)

    for proofs in ([], [foreign], ["nonsense"]):
        with pytest.raises(NoticeForged):
            await teams.read_notice(notice(), proofs)


@pytest.mark.parametrize("part", ["data", "dataSignature", "dataKey"])
async def test_a_notice_that_was_changed_on_its_way_is_forged(
    teams: TeamsMeetings, tenant: ServedTenant, part: str
) -> None:
    changed = copy.deepcopy(notice())
    value = changed["encryptedContent"][part]
    changed["encryptedContent"][part] = ("B" if value[0] == "A" else "A") + value[1:]

    with pytest.raises(NoticeForged):
        await teams.read_notice(changed, [validation_token(tenant.house)])


AUDIO = {"side": Side.guest, "kind": MediaKind.audio}
VIDEO = {"side": Side.guest, "kind": MediaKind.video}
SCREEN = {"side": Side.guest, "kind": MediaKind.screen}


@pytest.mark.parametrize(
    ("stream", "verdict"),
    [
        (StreamQuality(**AUDIO), Verdict.unclassified),
        (StreamQuality(**AUDIO, rtt_ms=500.0, jitter_ms=30.0, loss_pct=10.0), Verdict.good),
        (StreamQuality(**AUDIO, degradation_mos=1.1), Verdict.poor),
        (StreamQuality(**AUDIO, rtt_ms=501.0), Verdict.poor),
        (StreamQuality(**AUDIO, rtt_ms=20.0, loss_pct=10.1), Verdict.poor),
        (StreamQuality(**AUDIO, jitter_ms=31.0), Verdict.poor),
        (StreamQuality(**AUDIO, concealed_pct=7.1), Verdict.poor),
        (StreamQuality(**VIDEO, rtt_ms=900.0), Verdict.unclassified),
        (StreamQuality(**VIDEO, frame_loss_pct=51.0, frames_per_s=30.0), Verdict.poor),
        (StreamQuality(**VIDEO, frame_loss_pct=50.0, frames_per_s=1.0), Verdict.good),
        (StreamQuality(**VIDEO, frames_per_s=6.9), Verdict.poor),
        (StreamQuality(**VIDEO, loss_after_repair_pct=15.1), Verdict.poor),
        (StreamQuality(**SCREEN, frames_per_s=2.0), Verdict.good),
        (StreamQuality(**SCREEN, frames_per_s=1.9), Verdict.poor),
    ],
)
def test_streams_are_judged_by_the_dashboards_rules(stream: StreamQuality, verdict: Verdict) -> None:
    assert judge(stream) is verdict


def test_a_records_measures_are_read_in_our_units() -> None:
    measured = {
        "averageRoundTripTime": "PT0.64S",
        "averageJitter": "PT1M0.5S",
        "averagePacketLossRate": 0.14,
        "averageBandwidthEstimate": 180000,
    }
    media = [{"label": "main-audio", "streams": [measured]}, {"label": "unheard-of", "streams": [measured]}]
    session = {"caller": {"identity": {"guest": {"id": "g"}}}, "segments": [{"media": media}]}

    [stream] = read_streams({"sessions": [session]})

    assert stream == StreamQuality(
        **AUDIO, rtt_ms=640.0, jitter_ms=60500.0, loss_pct=14.0, bitrate_kbps=180.0
    )


def test_a_time_without_its_offset_is_no_time() -> None:
    assert read_time("2026-11-24T15:00:00") is None
