"""The local Graph refuses what Microsoft's refuses: sign-in, permissions, policies, fields, bad days."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.hospital import Hospital
from tests.sandbox.tenant import CERTIFICATE, CLINICIAN, COLLEAGUE, Tenant

MEETINGS = f"/v1.0/users/{CLINICIAN}/onlineMeetings"


@pytest.fixture
def tenant(hospital: Hospital) -> Tenant:
    hospital.house.teams.certificates.append(CERTIFICATE.public_pem)
    return Tenant(hospital, CERTIFICATE)


async def test_a_certificate_that_is_registered_opens_graph(tenant: Tenant) -> None:
    answer = await tenant.sign_in()

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3599


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"client_id": "someone-else"}, 700016),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 1002012),
        ({"grant_type": "password"}, 70003),
        ({"client_assertion": ""}, 7000218),
        ({"x5t": "AAAA"}, 700027),
        ({"claims": {"aud": "https://elsewhere.example"}}, 700023),
        ({"claims": {"exp": 1}}, 700024),
        ({"claims": {"iss": "someone-else"}}, 700021),
    ],
)
async def test_a_sign_in_with_one_thing_wrong_is_refused(
    tenant: Tenant, change: dict[str, Any], number: int
) -> None:
    answer = await tenant.sign_in(**change)

    assert answer.status_code in (400, 401)
    assert answer.json()["error_codes"] == [number]


async def test_a_meeting_is_made_once_for_an_organiser_and_an_external_id(tenant: Tenant) -> None:
    first, again = await tenant.make(), await tenant.make()
    other = await tenant.make(COLLEAGUE)

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"externalId": None}, "externalId"),
        ({"startDateTime": None}, "without startDateTime"),
        ({"endDateTime": "2026-11-24T15:00:00+00:00"}, "before startDateTime"),
        ({"startDateTime": "2026-11-24T16:00:00"}, "startDateTime"),
        ({"lobbyBypassSettings": {"scope": "organizer"}}, "lobbyBypassSettings"),
        ({"topic": "A visit"}, "topic"),
        ({"participants": {"attendees": [{"role": "guest"}]}}, "role"),
    ],
)
async def test_a_meeting_with_a_wrong_field_is_refused(
    tenant: Tenant, change: dict[str, Any], word: str
) -> None:
    answer = await tenant.make(**change)

    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


async def test_a_patch_takes_the_enumerations_and_nothing_else(tenant: Tenant) -> None:
    made = (await tenant.make()).json()["id"]

    good = await tenant.graph(
        "PATCH", f"{MEETINGS}/{made}", json={"lobbyBypassSettings": {"scope": "organization"}}
    )
    bad = await tenant.graph("PATCH", f"{MEETINGS}/{made}", json={"allowMeetingChat": "sometimes"})
    plain = await tenant.graph("PATCH", f"{MEETINGS}/{made}", content=b"{}")

    assert (good.status_code, bad.status_code, plain.status_code) == (200, 400, 415)


async def test_without_a_policy_the_error_is_the_one_administrators_know(tenant: Tenant) -> None:
    tenant.state.switches.policy = "none"

    answer = await tenant.make()

    assert answer.status_code == 403
    assert "not authorized to Create meeting on behalf of user" in answer.json()["error"]["message"]


async def test_a_permission_is_asked_for_at_every_call(tenant: Tenant) -> None:
    await tenant.make()
    tenant.state.switches.permissions = ["User.Read.All"]

    meeting = await tenant.make()
    records = await tenant.graph("GET", "/v1.0/communications/callRecords/none")
    nobody = await tenant.graph("GET", MEETINGS, headers={"Authorization": "Bearer none"})

    assert (meeting.status_code, records.status_code, nobody.status_code) == (403, 403, 401)


async def test_who_has_no_licence_makes_no_meeting(tenant: Tenant) -> None:
    tenant.state.users[CLINICIAN].plans = []

    assert (await tenant.make()).status_code == 403


async def test_the_guests_link_needs_the_tenants_licence(tenant: Tenant) -> None:
    made = (await tenant.make()).json()["id"]
    path = f"{MEETINGS}/{made}/getVirtualAppointmentJoinWebUrl"

    given = await tenant.graph("GET", path)
    tenant.state.switches.virtual_links = False
    refused = await tenant.graph("GET", path)

    assert "webrtc-svc/api/route?tid=" in given.json()["value"]
    assert refused.status_code == 403


async def test_a_change_is_seen_after_a_while(tenant: Tenant) -> None:
    tenant.state.switches.lag_s = 2.0
    made = (await tenant.make()).json()["id"]

    at_once = await tenant.graph("GET", f"{MEETINGS}/{made}")
    tenant.hospital.clock.advance(timedelta(seconds=3))
    later = await tenant.graph("GET", f"{MEETINGS}/{made}")

    assert (at_once.status_code, later.status_code) == (404, 200)


async def test_who_asks_too_often_is_told_when_to_come_back(tenant: Tenant) -> None:
    await tenant.make()
    tenant.state.switches.throttle, tenant.state.switches.retry_after_s = 1, 7

    busy, served = await tenant.make(), await tenant.make()

    assert (busy.status_code, busy.headers["retry-after"], served.status_code) == (429, "7", 200)


async def test_a_deleted_meeting_is_gone(tenant: Tenant) -> None:
    made = (await tenant.make()).json()["id"]

    await tenant.graph("DELETE", f"{MEETINGS}/{made}")

    assert (await tenant.graph("GET", f"{MEETINGS}/{made}")).status_code == 404


async def test_a_user_is_found_by_mail_in_a_batch(tenant: Tenant) -> None:
    asked = {
        "id": "1",
        "method": "GET",
        "url": "/users?$filter=mail eq 'AOKONJO@prairieview.example'&$select=id",
    }

    answer = await tenant.graph("POST", "/v1.0/$batch", json={"requests": [asked]})

    assert answer.json()["responses"][0]["body"] == {"value": [{"id": CLINICIAN}]}


async def test_the_record_of_a_call_is_kept_thirty_days(tenant: Tenant) -> None:
    made = (await tenant.make()).json()
    entered = await tenant.hospital.web.post(
        "/sandbox/teams/calls", json={"do": "enter", "join_url": made["joinWebUrl"], "user": CLINICIAN}
    )
    tenant.hospital.clock.advance(timedelta(minutes=12))
    await tenant.hospital.web.post("/sandbox/teams/calls", json={"do": "end", "who": entered.json()["id"]})
    between = "startDateTime ge 2026-11-24T00:00:00Z and startDateTime lt 2026-11-25T00:00:00Z"

    listed = await tenant.graph("GET", "/v1.0/communications/callRecords", params={"$filter": between})
    record = listed.json()["value"][0]
    path = f"/v1.0/communications/callRecords/{record['id']}"
    whole = await tenant.graph("GET", path, params={"$expand": "sessions($expand=segments)"})
    tenant.hospital.clock.advance(timedelta(days=30))
    too_late = await tenant.graph("GET", path)

    assert "sessions" not in record
    assert whole.json()["sessions"][0]["segments"][0]["media"][0]["streams"][0]["averageJitter"] == "PT0.006S"
    assert too_late.status_code == 404
