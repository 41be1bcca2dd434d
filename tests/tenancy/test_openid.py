"""Signing in at a provider over real HTTP: the way through, and a sentence of its own for each fault."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from housecall.ehr.addresses import NetworkRules
from housecall.kit.clock import FakeClock
from housecall.tenancy import errors
from housecall.tenancy.openid import Identity, OpenId, Provider, authorization_url, end_session_url
from tests.tenancy.small_provider import CLIENT, SECRET, SmallProvider, provide

NETWORK = NetworkRules.from_setting(("true",))


@pytest_asyncio.fixture(loop_scope="session")
async def small(clock: FakeClock) -> AsyncIterator[SmallProvider]:
    async with provide(clock) as made:
        yield made


def provider_at(small: SmallProvider, **other: str) -> Provider:
    plain = Provider(small.issuer, CLIENT, SECRET, "openid", "https://us.example/portal/callback")
    return replace(plain, **other)  # type: ignore[arg-type]


async def sign_in(small: SmallProvider, *, wanted: set[str] | None = None, **other: str) -> Identity:
    openid, provider = OpenId(NETWORK), provider_at(small, **other)
    known = await openid.discover(provider.issuer)
    url = authorization_url(known, provider, state="s", nonce="n-1", verifier="v" * 50)
    return await openid.finish(
        provider,
        code=small.press(url),
        verifier="v" * 50,
        nonce="n-1",
        now=small.clock.now(),
        wanted=wanted,
    )


async def test_who_signs_in_is_known_by_subject_and_claims(small: SmallProvider) -> None:
    small.claims = {"roles": ["administrator"]}

    identity = await sign_in(small)

    assert (identity.subject, identity.claims["roles"]) == ("person-1", ["administrator"])


async def test_a_client_that_must_post_its_secret_does(small: SmallProvider) -> None:
    small.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert (await sign_in(small)).subject == "person-1"


async def test_claims_that_the_token_lacks_are_asked_of_userinfo(small: SmallProvider) -> None:
    small.userinfo = {"groups": ["it"]}

    plain, asked = await sign_in(small), await sign_in(small, wanted={"groups"})

    assert "groups" not in plain.claims
    assert asked.claims["groups"] == ["it"]


async def test_userinfo_about_somebody_else_is_not_believed(small: SmallProvider) -> None:
    small.userinfo = {"sub": "person-2", "groups": ["it"]}

    with pytest.raises(errors.TokenInvalid, match="two different people"):
        await sign_in(small, wanted={"groups"})


@pytest.mark.parametrize(
    ("metadata", "faults", "error", "said"),
    [
        ({}, {"down"}, errors.ProviderSilent, "answered with a fault"),
        ({}, {"no-json"}, errors.ProviderNotFound, "no OpenID Connect provider"),
        ({"issuer": "https://other.example"}, set(), errors.ProviderIssuerOther, "https://other.example"),
        (
            {"issuer": "https://login/{tenantid}/v2.0"},
            set(),
            errors.ProviderIssuerOther,
            "in the place of common",
        ),
        ({"token_endpoint": None}, set(), errors.ProviderLacking, "token endpoint"),
        ({"response_types_supported": ["id_token"]}, set(), errors.ProviderLacking, "code flow"),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, set(), errors.ProviderLacking, "RS256"),
        ({}, {"no-keys"}, errors.ProviderLacking, "no keys"),
        ({}, {"no-id-token"}, errors.ProviderLacking, "must hold openid"),
        ({}, {"forged"}, errors.TokenInvalid, "cannot be believed"),
    ],
)
async def test_each_fault_of_a_provider_has_its_sentence(
    small: SmallProvider,
    metadata: dict[str, Any],
    faults: set[str],
    error: type[errors.SignInError],
    said: str,
) -> None:
    small.metadata, small.faults = metadata, faults

    with pytest.raises(error) as caught:
        await sign_in(small)

    assert said in caught.value.sentence
    assert caught.value.way_on


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "azp"),
        ({"iss": "https://other.example"}, "iss"),
        ({"exp": 1_000_000_000}, "out of date"),
        ({"sub": None}, "sub"),
    ],
)
async def test_a_statement_that_is_not_for_us_is_not_believed(
    small: SmallProvider, claims: dict[str, Any], said: str
) -> None:
    small.claims = claims

    with pytest.raises(errors.TokenInvalid) as caught:
        await sign_in(small)

    assert said in caught.value.sentence


async def test_a_wrong_secret_and_a_code_used_twice_are_told_apart(small: SmallProvider) -> None:
    with pytest.raises(errors.ClientRefused):
        await sign_in(small, client_secret="wrong")

    with pytest.raises(errors.CodeRefused):
        await OpenId(NETWORK).finish(
            provider_at(small), code="used-up", verifier="v" * 50, nonce="n", now=small.clock.now()
        )


@pytest.mark.parametrize(
    "issuer", ["http://192.0.2.7/idp", "https://10.0.0.7", "https://127.0.0.1:9", "no address"]
)
async def test_an_address_inside_is_refused_unless_the_network_is_allowed(issuer: str) -> None:
    with pytest.raises(errors.ProviderAddressRefused, match="may not call"):
        await OpenId(NetworkRules()).discover(issuer)


async def test_a_provider_that_is_not_there_is_silent() -> None:
    with pytest.raises(errors.ProviderSilent):
        await OpenId(NETWORK).discover("http://127.0.0.1:9")


async def test_signing_out_at_the_provider_is_offered_where_it_is(small: SmallProvider) -> None:
    openid = OpenId(NETWORK)
    without = await openid.discover(small.issuer)
    small.metadata = {"end_session_endpoint": "https://id.example/end?tenant=1"}
    offered = await openid.discover(small.issuer)

    url = end_session_url(offered, CLIENT, back_to="https://us.example/portal")

    assert end_session_url(without, CLIENT, back_to="https://us.example/portal") is None
    assert url is not None
    assert parse_qs(urlsplit(url).query) == {
        "tenant": ["1"],
        "client_id": [CLIENT],
        "post_logout_redirect_uri": ["https://us.example/portal"],
    }
