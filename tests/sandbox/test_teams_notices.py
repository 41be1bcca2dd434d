"""The local Graph's notifications: promised only to who answers, encrypted, of the lobby and of the lifecycle."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from housecall.sandbox.teams.tenant import Meeting
from tests.sandbox.hospital import NOW, Hospital
from tests.sandbox.tenant import CERTIFICATE, CLINICIAN, Tenant

HOOK = "http://localhost:8000/hooks/graph"


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def tenant(hospital: Hospital, heard: list[dict[str, Any]]) -> Tenant:
    hospital.house.teams.certificates.append(CERTIFICATE.public_pem)
    listen(hospital, heard, lambda token: httpx.Response(200, text=token))
    return Tenant(hospital, CERTIFICATE)


def listen(hospital: Hospital, heard: list[Any], answer: Callable[[str], httpx.Response]) -> None:
    def outside(request: httpx.Request) -> httpx.Response:
        if "validationToken" in request.url.params:
            return answer(request.url.params["validationToken"])
        heard.append(json.loads(request.content))
        return httpx.Response(202)

    hospital.house.outward = httpx.AsyncClient(transport=httpx.MockTransport(outside))


async def subscribe(tenant: Tenant, *, version: str = "beta", **change: Any) -> httpx.Response:
    address = quote((await tenant.make()).json()["joinWebUrl"], safe="")
    body: dict[str, Any] = {
        "changeType": "updated",
        "notificationUrl": HOOK,
        "lifecycleNotificationUrl": HOOK,
        "resource": f"/communications/onlineMeetings(joinWebUrl='{address}')/meetingCallEvents",
        "expirationDateTime": (NOW + timedelta(days=2)).isoformat(),
        "clientState": "a-secret",
        "includeResourceData": True,
        "encryptionCertificate": CERTIFICATE.der_base64,
        "encryptionCertificateId": "one",
    }
    wanted = {name: value for name, value in (body | change).items() if value is not None}
    return await tenant.graph("POST", f"/{version}/subscriptions", json=wanted)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"notificationUrl": None}, "notificationUrl"),
        ({"notificationUrl": "http://elsewhere.example/hook"}, "https"),
        ({"changeType": "created"}, "updated"),
        ({"encryptionCertificate": None}, "encryptionCertificate"),
        ({"encryptionCertificate": "bm90IGE="}, "X.509"),
        ({"lifecycleNotificationUrl": None}, "lifecycleNotificationUrl"),
        ({"expirationDateTime": (NOW + timedelta(days=4)).isoformat()}, "expiration"),
        ({"clientState": "x" * 129}, "clientState"),
        ({"version": "v1.0"}, "Unsupported resource"),
        ({"colour": "green"}, "colour"),
    ],
)
async def test_a_subscription_with_a_wrong_field_is_refused(
    tenant: Tenant, change: dict[str, Any], word: str
) -> None:
    answer = await subscribe(tenant, **change)

    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda token: httpx.Response(200, text="another token"),
        lambda token: httpx.Response(404),
        lambda token: httpx.Response(200, json=token),
    ],
)
async def test_who_does_not_give_back_the_token_gets_no_subscription(
    tenant: Tenant, answer: Callable[[str], httpx.Response]
) -> None:
    listen(tenant.hospital, [], answer)

    refused = await subscribe(tenant)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ValidationError")


async def test_there_is_one_subscription_for_each_meeting(tenant: Tenant) -> None:
    first, second = await subscribe(tenant), await subscribe(tenant)

    assert (first.status_code, second.status_code) == (201, 409)


async def test_a_guest_waits_in_the_lobby_until_somebody_in_the_meeting_lets_them_in(
    tenant: Tenant, heard: list[dict[str, Any]]
) -> None:
    await subscribe(tenant, includeResourceData=False)
    meeting = the_meeting(tenant)
    guest = await act(tenant, do="enter", join_url=meeting.fields["joinWebUrl"], name="A guest")

    await act(tenant, do="admit", who=guest)
    waits = meeting.callers[guest].in_lobby
    await act(tenant, do="enter", join_url=meeting.fields["joinWebUrl"], user=CLINICIAN)
    await act(tenant, do="admit", who=guest)

    assert waits is True
    assert meeting.callers[guest].is_in_call


async def test_what_is_told_is_encrypted_and_signed_for(tenant: Tenant, heard: list[dict[str, Any]]) -> None:
    await subscribe(tenant)

    await act(tenant, do="enter", join_url=the_meeting(tenant).fields["joinWebUrl"], name="A guest")
    await asyncio.sleep(0.01)

    assert "A guest" not in json.dumps(heard)
    assert heard[0]["value"][0]["clientState"] == "a-secret"
    assert heard[0]["value"][0]["encryptedContent"]["encryptionCertificateId"] == "one"
    assert len(heard[0]["validationTokens"]) == 1


async def test_what_could_not_be_told_is_told_to_be_missed(
    tenant: Tenant, heard: list[dict[str, Any]]
) -> None:
    await subscribe(tenant)
    await tenant.hospital.web.patch("/sandbox/teams", json={"notify": False})
    await act(tenant, do="enter", join_url=the_meeting(tenant).fields["joinWebUrl"], name="A guest")
    await asyncio.sleep(0.01)

    await tenant.hospital.web.patch("/sandbox/teams", json={"notify": True})

    assert [item["lifecycleEvent"] for body in heard for item in body["value"]] == ["missed"]


async def test_a_subscription_ends_unless_it_is_renewed(tenant: Tenant) -> None:
    made = (await subscribe(tenant)).json()["id"]
    until = (NOW + timedelta(days=3)).isoformat()

    renewed = await tenant.graph("PATCH", f"/beta/subscriptions/{made}", json={"expirationDateTime": until})
    tenant.hospital.clock.advance(timedelta(days=3))
    gone = await tenant.graph("PATCH", f"/beta/subscriptions/{made}", json={"expirationDateTime": until})

    assert (renewed.status_code, gone.status_code) == (200, 404)


def the_meeting(tenant: Tenant) -> Meeting:
    found: Meeting = next(iter(tenant.state.meetings.values()))
    return found


async def act(tenant: Tenant, **form: str) -> str:
    answer = await tenant.hospital.web.post("/sandbox/teams/calls", json=form)
    assert answer.is_success, answer.text
    return str(answer.json()["id"]) if answer.status_code == 201 else ""
