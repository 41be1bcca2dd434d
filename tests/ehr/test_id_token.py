"""Who signed in is believed only with a fitting signature, issuer, audience, time and nonce."""

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from housecall.ehr.base import Vendor
from housecall.ehr.errors import IdTokenInvalid
from housecall.ehr.id_token import is_below
from tests.ehr.test_launch import launched

ISSUER = "https://ehr.test/auth"


async def refusal(ehr, client=None) -> str:
    with pytest.raises(IdTokenInvalid) as caught:
        await launched(ehr, client or ehr.client())
    return caught.value.reason_code


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.test/auth"}, "issuer"),
        ({"iss": ISSUER + "/oidc/idsps/t1/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": ["other"]}, "audience"),
        ({"aud": ["app", "other"]}, "authorized_party"),
        ({"aud": ["app", "other"], "azp": "other"}, "authorized_party"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"iat": 4_000_000_000}, "issued_later"),
        ({"iat": None}, "issued_later"),
        ({"nbf": 4_000_000_000}, "not_yet"),
        ({"nonce": "another"}, "nonce"),
        ({"fhirUser": "Device/5"}, "fhir_user"),
        ({"fhirUser": "https://evil.test/r4/t1/Practitioner/501"}, "fhir_user_elsewhere"),
        ({"fhirUser": "https://ehr.test/r4/t2/Practitioner/501"}, "fhir_user_elsewhere"),
    ],
)
async def test_a_claim_that_does_not_fit_refuses_the_launch(ehr, claims, reason):
    ehr.claims = claims

    assert await refusal(ehr) == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["app"]},
        {"aud": ["app", "other"], "azp": "app"},
        {"nonce": None},
        {"fhirUser": "https://ehr.test/r4/t1/Practitioner/501"},
    ],
)
async def test_what_the_standard_allows_is_believed(ehr, claims):
    ehr.claims = claims

    assert (await launched(ehr, ehr.client())).user == "501"


async def test_millenniums_issuer_below_the_advertised_one_is_believed(ehr):
    ehr.claims = {"iss": ISSUER + "/oidc/idsps/t1/"}

    assert (await launched(ehr, ehr.client(vendor=Vendor.millennium))).user == "501"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.test/auth/oidc/",
        "https://ehr.test/other/oidc/",
        "https://ehr.test/authority/",
        "https://ehr.test/auth/../other/",
        "http://ehr.test/auth/oidc/",
        "https://ehr.test:8443/auth/oidc/",
    ],
)
async def test_an_issuer_elsewhere_is_refused_of_millennium_too(ehr, issuer):
    ehr.claims = {"iss": issuer}

    assert await refusal(ehr, ehr.client(vendor=Vendor.millennium)) == "issuer"
    assert not is_below(issuer, ISSUER)


async def test_millenniums_user_may_be_on_the_patients_host_but_not_in_another_tenant(ehr):
    ehr.claims = {"fhirUser": "https://myrecord.test/r4/t1/Practitioner/501"}
    client = ehr.client(vendor=Vendor.millennium)

    assert (await launched(ehr, client)).user == "501"
    ehr.claims = {"fhirUser": "https://myrecord.test/r4/t2/Practitioner/501"}
    assert await refusal(ehr, client) == "fhir_user_elsewhere"


async def test_a_forged_signature_is_refused(ehr):
    forger = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
    ehr.token_answer = {"id_token": _signed(forger, "RS256", {"kid": "k1"})}

    assert await refusal(ehr) == "signature"


async def test_no_signature_is_refused(ehr):
    ehr.token_answer = {"id_token": "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2Voci50ZXN0L2F1dGgifQ."}

    assert await refusal(ehr) == "algorithm"


async def test_the_public_key_as_a_shared_secret_is_refused(ehr):
    secret = OctKey.import_key(str(ehr.key.as_dict(private=False)["n"]))
    ehr.token_answer = {"id_token": _signed(secret, "HS256", {"kid": "k1"})}

    assert await refusal(ehr) == "algorithm"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9", "W10.e30.x"])
async def test_what_is_no_token_is_refused(ehr, token):
    ehr.token_answer = {"id_token": token}

    assert await refusal(ehr) in ("not_a_token", "algorithm", "signature")


async def test_a_rotated_key_is_looked_up_once_and_unknown_ones_not_again_for_a_minute(ehr):
    client = ehr.client()
    await launched(ehr, client)
    assert len(ehr.asked("/jwks")) == 1

    ehr.key = RSAKey.generate_key(2048, {"kid": "k2"}, private=True)
    ehr.published.append(ehr.key)
    await launched(ehr, client)
    assert len(ehr.asked("/jwks")) == 2

    ehr.key = RSAKey.generate_key(2048, {"kid": "unpublished"}, private=True)
    assert [await refusal(ehr, client) for _ in range(3)] == ["unknown_key"] * 3
    assert len(ehr.asked("/jwks")) == 2


async def test_a_key_set_with_other_kinds_and_an_encryption_key_is_searched_by_key_id(ehr):
    other = ECKey.generate_key("P-256", {"kid": "e1"}, private=True)
    for_encryption = RSAKey.generate_key(2048, {"kid": "enc"}, private=True)
    marked = RSAKey.import_key(for_encryption.as_dict(private=False) | {"use": "enc"})
    ehr.published = [marked, other, ehr.key]

    assert (await launched(ehr, ehr.client())).user == "501"
    ehr.key = for_encryption
    assert await refusal(ehr) == "unknown_key"


async def test_an_elliptic_key_signs_as_well(ehr, now):
    key = ECKey.generate_key("P-384", {"kid": "e2"}, private=True)
    ehr.published.append(key)
    at = int(now.now().timestamp())
    claims = {"iss": ISSUER, "aud": "app", "iat": at, "exp": at + 60, "fhirUser": "Practitioner/77"}
    ehr.token_answer = {"id_token": _signed(key, "ES384", {"kid": "e2"}, claims)}

    assert (await launched(ehr, ehr.client())).user == "77"


def _signed(key, algorithm, header, claims=None) -> str:
    claims = claims or {"iss": ISSUER, "aud": "app", "fhirUser": "Practitioner/501"}
    return jwt.encode({"alg": algorithm, **header}, claims, key, algorithms=[algorithm])
