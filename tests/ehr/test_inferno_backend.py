"""What the Inferno client suite checks of backend services: the feed's account, by key or by secret."""

import base64
from datetime import timedelta

import pytest

from housecall.ehr.base import LocationRef
from housecall.ehr.errors import EhrRefused
from housecall.ehr.keys import ASSERTION_TYPE
from tests.ehr.inferno import ASYMMETRIC, ES384, PUBLIC, SYMMETRIC, Judge, peek

each_algorithm = pytest.mark.parametrize("variant", ASYMMETRIC)


@each_algorithm
async def test_inferno_backend_interaction_the_feed_reads_with_a_key_and_no_secret(
    server: Judge, variant: str
) -> None:
    """``housecall connect --jwks --system-client-id`` without a secret: one key for launches and the feed."""
    client = server.client(variant)
    place = LocationRef(next(iter(server.house.world.record.locations)))
    now = server.clock.now()

    page = await client.list_appointments(
        locations=[place], start=now - timedelta(days=1), end=now + timedelta(days=30)
    )

    assert page.faults == []
    assert server.fhir[-1].status == 200
    sent = server.tokens[-1]
    assert (sent.status, peek(sent.form["client_assertion"], 1)["sub"]) == (200, "housecall-asymmetric")


@each_algorithm
async def test_inferno_backend_token_request_grant_type_is_client_credentials(
    server: Judge, variant: str
) -> None:
    await server.read_something(server.client(variant), None)

    assert server.tokens[-1].form["grant_type"] == "client_credentials"


@each_algorithm
async def test_inferno_backend_token_request_scope_is_present_and_of_the_system_alone(
    server: Judge, variant: str
) -> None:
    await server.read_something(server.client(variant), None)

    scopes = server.tokens[-1].form["scope"].split()
    assert scopes
    assert all(scope.startswith("system/") for scope in scopes)


@each_algorithm
async def test_inferno_backend_token_request_assertion_is_whole(server: Judge, variant: str) -> None:
    await server.read_something(server.client(variant), None)

    sent = server.tokens[-1]
    header, claims = (peek(sent.form["client_assertion"], part) for part in (0, 1))
    assert (sent.status, sent.form["client_assertion_type"]) == (200, ASSERTION_TYPE)
    assert (header["typ"], header["alg"]) == ("JWT", variant.partition("-")[2])
    assert claims["iss"] == claims["sub"] == "housecall-asymmetric"
    assert claims["aud"] == server.origin + sent.path
    assert 0 < claims["exp"] - server.clock.now().timestamp() <= 300
    assert "authorization" not in sent.headers


@each_algorithm
async def test_inferno_backend_jti_is_never_repeated_over_a_day(server: Judge, variant: str) -> None:
    client = server.client(variant)
    for _ in range(5):
        await server.read_something(client, None)
        server.clock.advance(timedelta(hours=6))

    seen = [peek(one.form["client_assertion"], 1)["jti"] for one in server.tokens]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("variant", [ES384, SYMMETRIC])
async def test_inferno_backend_there_are_no_refresh_requests_at_all(server: Judge, variant: str) -> None:
    client = server.client(variant)
    for _ in range(4):
        await server.read_something(client, None)
        server.clock.advance(timedelta(seconds=540))

    assert {one.form["grant_type"] for one in server.tokens} == {"client_credentials"}
    assert len(server.tokens) == 4, "a new token shortly before the end of each"


@each_algorithm
async def test_inferno_backend_token_use_a_fhir_request_carries_a_token_that_was_issued(
    server: Judge, variant: str
) -> None:
    await server.read_something(server.client(variant), None)

    sent = server.fhir[-1].headers["authorization"].removeprefix("Bearer ")
    session = server.house.grants.find_session(sent)
    assert session is not None
    assert session.persona == "system"


async def test_inferno_backend_with_a_secret_the_basic_header_is_the_proof(server: Judge) -> None:
    await server.read_something(server.client(PUBLIC), None)

    proof = base64.b64encode(b"housecall-system:sandbox-system-secret").decode()
    assert server.tokens[-1].headers["authorization"] == f"Basic {proof}"
    assert "client_assertion" not in server.tokens[-1].form


async def test_inferno_backend_an_account_without_key_or_secret_is_refused_before_anything_is_sent(
    server: Judge,
) -> None:
    client = server.client(PUBLIC, system_client_secret=None)

    with pytest.raises(EhrRefused):
        await server.read_something(client, None)
    assert server.tokens == []
