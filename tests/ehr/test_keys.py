"""Assertions prove who we are, once and for less than five minutes."""

import json
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import import_key

from housecall.ehr.base import SigningKey
from housecall.ehr.errors import KeyUnusable
from housecall.ehr.keys import client_assertion, make_signing_key, public_jwk, public_jwks

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_an_assertion_verifies_with_the_published_key_and_says_what_smart_asks_for(algorithm):
    key = make_signing_key(algorithm)

    token = client_assertion(key, client_id="app", audience="https://ehr.test/token", now=NOW)
    read = jwt.decode(token, import_key(public_jwk(key)), algorithms=[algorithm])

    assert read.header == {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    assert read.claims["iss"] == read.claims["sub"] == "app"
    assert read.claims["aud"] == "https://ehr.test/token"
    assert 0 < read.claims["exp"] - NOW.timestamp() <= 300


def test_no_two_assertions_are_alike():
    key = make_signing_key()
    tokens = [client_assertion(key, client_id="a", audience="b", now=NOW) for _ in range(3)]

    assert (
        len(
            {
                jwt.decode(token, import_key(public_jwk(key)), algorithms=["ES384"]).claims["jti"]
                for token in tokens
            }
        )
        == 3
    )


def test_the_published_set_holds_nothing_private():
    published = json.dumps(public_jwks([public_jwk(make_signing_key(kind)) for kind in ("ES384", "RS384")]))

    for key in json.loads(published)["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth"} & set(key)
        assert key["kid"]


def test_a_private_key_does_not_show_in_a_trace():
    key = make_signing_key()

    assert json.loads(key.private_jwk)["d"] not in repr(key)


@pytest.mark.parametrize(
    "jwk", ["", "{}", "[]", '{"kty":"oct","k":"abc"}', '{"kty":"EC","crv":"P-256"}', '{"kty":"RSA"}']
)
def test_a_key_of_another_kind_is_refused(jwk):
    with pytest.raises(KeyUnusable):
        client_assertion(SigningKey(jwk, "k"), client_id="a", audience="b", now=NOW)
