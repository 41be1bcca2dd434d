"""The clinician's launch: what the authorization server gives, and every way it refuses."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.hospital import CALLBACK, OPTIONS, SCOPES, Hospital


async def test_a_launch_ends_in_a_token_answer_with_millenniums_fields(hospital: Hospital) -> None:
    answer = await hospital.tokens()

    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 570
    assert answer["patient"] == "12880100"
    assert answer["user"] == "593101"
    assert answer["tenant"] == "sandbox"
    assert {"encounter", "need_patient_banner", "smart_style_url", "username", "refresh_token"} <= set(answer)
    assert "fhirContext" not in answer


async def test_the_state_comes_back_and_the_nonce_is_in_the_id_token(hospital: Hospital) -> None:
    back = await hospital.authorize(state="echo-me", nonce="n-1")
    answer = (await hospital.exchange(back["code"])).json()
    keys = (await hospital.web.get("/auth/jwk")).json()
    claims = jwt.decode(answer["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"]).claims

    assert back["state"] == "echo-me"
    assert claims["nonce"] == "n-1"
    assert claims["iss"] == f"{OPTIONS.auth_base}/oidc/idsps/sandbox/"
    assert claims["fhirUser"] == f"{OPTIONS.fhir_base}/Practitioner/593101"
    assert all(not {"alg", "use"} & set(key) for key in keys["keys"])


async def test_the_appointment_is_in_the_answer_only_when_switched_on(hospital: Hospital) -> None:
    visit = await hospital.book()
    await hospital.web.post("/sandbox/settings", json={"launch_has_appointment": True})
    launch = await hospital.launch(patient=visit["patient"], appointment=visit["id"])

    answer = await hospital.tokens(launch=launch)

    assert answer["fhirContext"] == [{"reference": f"Appointment/{visit['id']}"}]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"aud": "http://elsewhere.example/fhir"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"launch": "made-up"}, "invalid_request"),
        ({"launch": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid fhirUser"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
)
async def test_an_authorization_request_with_a_fault_is_sent_back_with_the_error(
    hospital: Hospital, change: dict[str, str | None], error: str
) -> None:
    back = await hospital.authorize(**change)

    assert back["error"] == error
    assert "urn" in back["error_uri"]
    assert "code" not in back


@pytest.mark.parametrize(
    ("uri", "is_fine"),
    [
        (CALLBACK, True),
        (CALLBACK + "?extra=1", True),
        (CALLBACK + "/", False),
        (CALLBACK + "x", False),
        (CALLBACK.replace("localhost", "127.0.0.1"), False),
        (CALLBACK + "#part", False),
        (CALLBACK + "?extra=1#part", False),
        ("http://evil.example/ehr/callback", False),
    ],
)
async def test_redirect_addresses_are_compared_to_the_letter(
    hospital: Hospital, uri: str, is_fine: bool
) -> None:
    form = {"client_id": "housecall-public", "redirect_uri": uri, "state": "s", "response_type": "code"}

    answer = await hospital.web.get(OPTIONS.authorize_url, params=form)

    assert answer.status_code == (302 if is_fine else 400)


async def test_a_posted_authorization_request_works_like_one_in_the_address(hospital: Hospital) -> None:
    launch = await hospital.launch()
    form = {"client_id": "housecall-public", "redirect_uri": CALLBACK, "state": "s", "launch": launch}

    answer = await hospital.web.post(OPTIONS.authorize_url, data=form)

    assert answer.status_code == 302
    assert answer.headers["location"].startswith(CALLBACK + "?error=")


async def test_wildcard_and_unknown_scopes_are_dropped_in_silence(hospital: Hospital) -> None:
    answer = await hospital.tokens(
        scope="launch user/*.read user/Appointment.* patient/*.rs user/Starship.read user/Patient.rs"
    )

    assert answer["scope"] == "launch user/Patient.rs"


async def test_system_scopes_are_not_given_to_a_launch(hospital: Hospital) -> None:
    answer = await hospital.tokens(scope="launch system/Appointment.read user/Appointment.read")

    assert answer["scope"] == "launch user/Appointment.read"


async def test_a_denied_launch_says_access_denied(hospital: Hospital) -> None:
    await hospital.web.post("/sandbox/settings", json={"deny_launch": True})

    back = await hospital.authorize()

    assert back["error"] == "access_denied"
    assert "denied-by-server" in back["error_uri"]


async def test_a_launch_code_dies_after_five_minutes(hospital: Hospital) -> None:
    launch = await hospital.launch()
    hospital.clock.advance(timedelta(minutes=5))

    back = await hospital.authorize(launch=launch)

    assert "invalid-launch-code" in back["error_uri"]


async def test_a_launch_code_is_spent_once_a_token_came_of_it(hospital: Hospital) -> None:
    launch = await hospital.launch()
    await hospital.tokens(launch=launch)

    back = await hospital.authorize(launch=launch)

    assert "invalid-launch-code" in back["error_uri"]


async def test_a_code_used_twice_is_refused_and_takes_the_first_token_with_it(hospital: Hospital) -> None:
    back = await hospital.authorize()
    first = (await hospital.exchange(back["code"])).json()

    again = await hospital.exchange(back["code"])

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert "code-invalid-or-expired" in again.json()["error_uri"]
    read = await hospital.fhir("GET", "/Patient/12880100", first["access_token"])
    assert read.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "another-verifier-another-verifier-another-verif"},
        {"code_verifier": None},
        {"redirect_uri": CALLBACK + "?extra=1"},
        {"client_id": "housecall-patient"},
    ],
)
async def test_a_code_is_bound_to_verifier_redirect_and_client(
    hospital: Hospital, change: dict[str, str | None]
) -> None:
    back = await hospital.authorize()

    answer = await hospital.exchange(back["code"], **change)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_dies_after_a_minute(hospital: Hospital) -> None:
    back = await hospital.authorize()
    hospital.clock.advance(timedelta(minutes=1))

    answer = await hospital.exchange(back["code"])

    assert answer.json()["error"] == "invalid_grant"


async def test_a_refresh_brings_a_new_access_token_and_no_new_refresh_token(hospital: Hospital) -> None:
    first = await hospital.tokens()
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": "housecall-public",
    }

    second = await hospital.web.post(OPTIONS.token_url, data=form | {"active_at": "5"})

    assert second.status_code == 200
    assert "refresh_token" not in second.json()
    assert second.json()["access_token"] != first["access_token"]
    assert second.json()["scope"] == SCOPES
    assert second.json()["active_ttl"] == 1800
    assert second.headers["cache-control"] == "no-store"


async def test_a_session_without_a_sign_of_life_cannot_be_renewed(hospital: Hospital) -> None:
    first = await hospital.tokens()
    hospital.clock.advance(timedelta(minutes=31))
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": "housecall-public",
    }

    still_there = await hospital.web.post(OPTIONS.token_url, data=form | {"active_at": "10"})
    hospital.clock.advance(timedelta(minutes=31))
    gone = await hospital.web.post(OPTIONS.token_url, data=form)

    assert still_there.status_code == 200
    assert gone.json()["error"] == "invalid_grant"


async def test_the_patients_launch_gives_patient_scopes_only(hospital: Hospital) -> None:
    launch = await hospital.launch(persona="patient")

    answer = await hospital.tokens(
        launch=launch, scope="launch openid fhirUser patient/Appointment.read user/Appointment.read"
    )

    assert answer["scope"] == "launch openid fhirUser patient/Appointment.read"
    assert answer["patient"] == "12880100"


async def test_a_revoked_token_opens_nothing(hospital: Hospital) -> None:
    answer = await hospital.tokens()
    form = {"token": str(answer["access_token"]), "client_id": "housecall-public"}

    await hospital.web.post(f"{OPTIONS.token_url}/revoke", data=form)

    read = await hospital.fhir("GET", "/Patient/12880100", str(answer["access_token"]))
    assert read.status_code == 401


async def test_who_renews_more_than_once_a_minute_is_throttled_when_switched_on(hospital: Hospital) -> None:
    first = await hospital.tokens()
    await hospital.web.post("/sandbox/settings", json={"throttle_renewals": True})
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": "housecall-public",
    }

    statuses = []
    for wait_s in (0, 30, 30):
        hospital.clock.advance(timedelta(seconds=wait_s))
        statuses.append((await hospital.web.post(OPTIONS.token_url, data=form)).status_code)

    assert statuses == [200, 429, 200]


async def test_an_access_token_ends_after_570_seconds(hospital: Hospital) -> None:
    answer = await hospital.tokens()

    hospital.clock.advance(timedelta(seconds=569))
    still = await hospital.fhir("GET", "/Patient/12880100", str(answer["access_token"]))
    hospital.clock.advance(timedelta(seconds=1))
    over = await hospital.fhir("GET", "/Patient/12880100", str(answer["access_token"]))

    assert (still.status_code, over.status_code) == (200, 401)
