"""How clients prove who they are: nothing, a secret, or a signed assertion."""

import base64
from collections.abc import Callable

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.sandbox.hospital import NOW, OPTIONS, Hospital

CLIENT = "housecall-asymmetric"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
OTHER = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)


def assertion(key: ECKey | RSAKey = KEY, header: dict[str, object] | None = None, **change: object) -> str:
    now = int(NOW.timestamp())
    claims: dict[str, object] = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": OPTIONS.token_url,
        "exp": now + 240,
        "jti": f"jti-{len(change)}-{sorted(change)}",
    }
    claims |= change
    head = {"alg": "ES384", "kid": "ours", "typ": "JWT"} | (header or {})
    return jwt.encode(
        head, {name: value for name, value in claims.items() if value is not None}, key, ["ES384", "RS384"]
    )


async def ask(hospital: Hospital, signed: str, **change: str) -> tuple[int, str]:
    hospital.jwks["keys"] = [KEY.as_dict(private=False)]
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Appointment.read",
        "client_assertion_type": TYPE,
        "client_assertion": signed,
    }
    answer = await hospital.web.post(OPTIONS.token_url, data=form | change)
    return answer.status_code, answer.json().get("error", "")


async def test_a_good_assertion_is_taken(hospital: Hospital) -> None:
    assert await ask(hospital, assertion()) == (200, "")


async def test_an_assertion_may_name_the_audience_in_a_list_and_use_rs384(hospital: Hospital) -> None:
    key = RSAKey.generate_key(2048, {"kid": "rsa"}, private=True)
    signed = assertion(key, {"alg": "RS384", "kid": "rsa"}, aud=[OPTIONS.token_url])
    hospital.jwks["keys"] = [key.as_dict(private=False)]
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Appointment.read",
        "client_assertion_type": TYPE,
        "client_assertion": signed,
    }

    answer = await hospital.web.post(OPTIONS.token_url, data=form)

    assert answer.status_code == 200


async def test_an_assertion_used_twice_is_refused(hospital: Hospital) -> None:
    signed = assertion()
    await ask(hospital, signed)

    assert await ask(hospital, signed) == (401, "invalid_client")


@pytest.mark.parametrize(
    "make",
    [
        lambda: assertion(aud=OPTIONS.auth_base),
        lambda: assertion(aud=None),
        lambda: assertion(exp=int(NOW.timestamp()) + 3600),
        lambda: assertion(exp=int(NOW.timestamp()) - 1),
        lambda: assertion(exp=None),
        lambda: assertion(jti=None),
        lambda: assertion(iss="somebody-else"),
        lambda: assertion(sub="housecall-clinician"),
        lambda: assertion(header={"typ": "at+jwt"}),
        lambda: assertion(header={"kid": "unknown"}),
        lambda: assertion(header={"jku": "http://evil.example/jwks.json"}),
        lambda: assertion(OTHER),
        lambda: "not.a.token",
    ],
)
async def test_an_assertion_with_a_fault_is_refused(hospital: Hospital, make: Callable[[], str]) -> None:
    assert await ask(hospital, make()) == (401, "invalid_client")


async def test_an_assertion_needs_its_type_named(hospital: Hospital) -> None:
    assert await ask(hospital, assertion(), client_assertion_type="jwt") == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        "Basic " + base64.b64encode(b"housecall-system:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:sandbox-system-secret").decode(),
        "Basic not-base64",
        "Bearer something",
    ],
)
async def test_a_wrong_secret_is_invalid_client(hospital: Hospital, header: str) -> None:
    form = {"grant_type": "client_credentials", "scope": "system/Appointment.read"}

    answer = await hospital.web.post(OPTIONS.token_url, data=form, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" in answer.headers


async def test_a_confidential_client_cannot_pass_as_a_public_one(hospital: Hospital) -> None:
    back = await hospital.authorize(client_id="housecall-clinician")

    answer = await hospital.exchange(back["code"], client_id="housecall-clinician")

    assert answer.json()["error"] == "invalid_client"


async def test_a_public_client_has_no_system_account(hospital: Hospital) -> None:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Appointment.read",
        "client_id": "housecall-public",
    }

    answer = await hospital.web.post(OPTIONS.token_url, data=form)

    assert answer.json()["error"] == "unauthorized_client"


async def test_a_client_can_be_registered_while_the_sandbox_runs(hospital: Hospital) -> None:
    uri = "http://localhost:9000/elsewhere"
    form = {"client_id": "mine", "kind": "public", "redirect_uris": [uri]}

    answer = await hospital.web.post("/sandbox/clients", json=form)

    assert answer.status_code == 201
    assert "code" in await hospital.authorize(client_id="mine", redirect_uri=uri)


async def test_rotated_keys_are_published_beside_the_former(hospital: Hospital) -> None:
    before = {key["kid"] for key in (await hospital.web.get("/auth/jwk")).json()["keys"]}

    await hospital.web.post("/sandbox/keys/rotate")

    after = {key["kid"] for key in (await hospital.web.get("/auth/jwk")).json()["keys"]}
    assert before < after
