"""What the Inferno client suite checks of a confidential client with a key, RS384 and ES384; and rotation."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet

from housecall.app import make_app
from housecall.db.database import Database
from housecall.ehr.base import SigningKey
from housecall.ehr.errors import LaunchDenied
from housecall.ehr.keys import ASSERTION_TYPE, make_signing_key
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.tenancy.keys import (
    JWKS_FRESH_FOR,
    PUBLISHED_FOR,
    SIGNS_AFTER,
    ensure_signing_key,
    reload_signing_key,
    rotate_signing_key,
)
from housecall.web.house import House
from tests.ehr.inferno import ASYMMETRIC, ES384, HOUSECALL, Judge, judge, peek
from tests.visits.clinic import open_clinic

each_algorithm = pytest.mark.parametrize("variant", ASYMMETRIC)


def assertion_of(server: Judge, at: int = -1) -> str:
    sent = server.tokens[at]
    assert sent.status == 200
    return sent.form["client_assertion"]


@each_algorithm
async def test_inferno_asymmetric_token_request_sends_the_assertion_type(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    assert server.tokens[-1].form["client_assertion_type"] == ASSERTION_TYPE


@each_algorithm
async def test_inferno_asymmetric_token_request_typ_alg_and_kid(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    expected = {"typ": "JWT", "alg": variant.partition("-")[2], "kid": server.keys[variant].kid}
    assert peek(assertion_of(server), 0) == expected


@each_algorithm
async def test_inferno_asymmetric_token_request_iss_and_sub_are_the_client(
    server: Judge, variant: str
) -> None:
    await server.launch(server.client(variant))

    claims = peek(assertion_of(server), 1)
    assert claims["iss"] == claims["sub"] == "housecall-asymmetric"


@each_algorithm
async def test_inferno_asymmetric_token_request_aud_is_the_token_url(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    assert peek(assertion_of(server), 1)["aud"] == server.origin + server.tokens[-1].path


@each_algorithm
async def test_inferno_asymmetric_token_request_exp_is_at_most_five_minutes_ahead(
    server: Judge, variant: str
) -> None:
    await server.launch(server.client(variant))

    ahead = peek(assertion_of(server), 1)["exp"] - server.clock.now().timestamp()
    assert 0 < ahead <= 300


@each_algorithm
async def test_inferno_asymmetric_token_request_jti_is_there_and_never_repeated(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    for _ in range(2):
        context = await server.launch(client)
        await client.refresh(context.tokens)
    await server.read_something(client, None)

    seen = [peek(assertion_of(server, at), 1)["jti"] for at in range(len(server.tokens))]
    assert len(seen) == len(set(seen)) == 5
    assert all(len(jti) >= 22 for jti in seen)


@each_algorithm
async def test_inferno_asymmetric_token_request_signature_is_valid_against_the_registered_set(
    server: Judge, variant: str
) -> None:
    await server.launch(server.client(variant))
    assert server.tokens[-1].status == 200
    # The judge would see it: a key that is not in the set is refused, whatever it calls itself.
    stranger = make_signing_key(variant.partition("-")[2])  # type: ignore[arg-type]
    disguised = SigningKey(stranger.private_jwk, server.keys[variant].kid)

    with pytest.raises(LaunchDenied):
        await server.launch(server.client(variant, signing_key=disguised))


@each_algorithm
async def test_inferno_asymmetric_token_request_has_no_other_proof(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant, client_secret="left-over"))

    assert "authorization" not in server.tokens[-1].headers
    assert not {"client_id", "client_secret"} & set(server.tokens[-1].form)


@each_algorithm
async def test_inferno_asymmetric_refresh_sends_an_assertion_again(server: Judge, variant: str) -> None:
    client = server.client(variant)
    await client.refresh((await server.launch(client)).tokens)

    assert server.tokens[-1].form["grant_type"] == "refresh_token"
    assert peek(assertion_of(server), 1)["aud"] == server.origin + server.tokens[-1].path


class OurKeys(httpx.AsyncBaseTransport):
    """Our own ``/ehr/jwks.json``, and a copy of it kept as long as its answer allows."""

    def __init__(self, house: House, clock: FakeClock) -> None:
        self._within = httpx.ASGITransport(make_app(house))
        self._clock = clock
        self._kept: tuple[object, httpx.Response] | None = None
        self.fetched = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now = self._clock.now()
        if self._kept is None or self._kept[0] <= now:  # type: ignore[operator]
            answer = await self._within.handle_async_request(request)
            content = await answer.aread()
            seconds = int(answer.headers["cache-control"].rpartition("max-age=")[2])
            kept = httpx.Response(200, content=content, headers={"Content-Type": "application/json"})
            self._kept, self.fetched = (now + timedelta(seconds=seconds), kept), self.fetched + 1
        return httpx.Response(200, content=self._kept[1].content)


class Node:
    """A process of ours: it signs with the key its directory says is the right one."""

    def __init__(self, house: House, server: Judge) -> None:
        self.house, self.server = house, server

    def later(self, **amount: float) -> None:
        self.server.clock.advance(timedelta(**amount))

    async def launch(self) -> str:
        """A whole launch; answers the key id it was signed with."""
        async with self.house.database.work() as work:
            key = await ensure_signing_key(work, self.house.sealer, now=self.house.clock.now())
        await self.server.launch(self.server.client(ES384, signing_key=key))
        return str(peek(assertion_of(self.server), 0)["kid"])

    async def rotate(self, **wanted: str) -> str:
        """A rotation a second from now; answers the new key's id."""
        self.later(seconds=1)
        async with self.house.database.work() as work:
            done = await rotate_signing_key(
                work,
                self.house.sealer,
                now=self.house.clock.now(),
                **wanted,  # type: ignore[arg-type]
            )
        return done.kid

    async def published(self) -> list[str]:
        transport = httpx.ASGITransport(make_app(self.house))
        async with httpx.AsyncClient(transport=transport, base_url=HOUSECALL) as web:
            answer = await web.get("/ehr/jwks.json")
        KeySet.import_key_set(answer.json())
        return [key["kid"] for key in answer.json()["keys"]]


@pytest_asyncio.fixture(loop_scope="session")
async def node(database: Database, now: FakeClock, sealer: Sealer) -> AsyncIterator[Node]:
    clinic = await open_clinic(database, now, sealer)
    desk = clinic.desk
    settings = Settings({"HOUSECALL_PUBLIC_URL": HOUSECALL})
    house = House(settings, database, sealer, now, desk.hub, desk, HOUSECALL)
    async with judge(now, jwks=OurKeys(house, now)) as server:
        yield Node(house, server)


async def test_inferno_asymmetric_registration_the_published_set_yields_a_valid_key(node: Node) -> None:
    kid = await node.launch()

    transport = httpx.ASGITransport(make_app(node.house))
    async with httpx.AsyncClient(transport=transport, base_url=HOUSECALL) as web:
        answer = await web.get("/ehr/jwks.json")
    [key] = answer.json()["keys"]
    assert {"kty", "kid", "crv", "x", "y"} <= set(key)
    assert key["kid"] == kid
    assert "d" not in key
    assert jwt.decode(assertion_of(node.server), KeySet.import_key_set(answer.json()), algorithms=["ES384"])
    assert answer.headers["cache-control"] == f"public, max-age={int(JWKS_FRESH_FOR.total_seconds())}"


async def test_while_a_key_is_rotated_an_ehr_that_keeps_the_old_set_is_served(node: Node) -> None:
    """The new key is published at once, and signs when no copy without it can be left."""
    before = await node.launch()

    new = await node.rotate()
    node.server.clock.advance(JWKS_FRESH_FOR - timedelta(seconds=2))
    meanwhile = await node.launch()
    node.server.clock.advance(SIGNS_AFTER)
    after = await node.launch()

    assert (before, meanwhile, after) == (before, before, new)
    assert await node.published() == [new, before]


async def test_a_key_is_retired_by_the_first_rotation_a_day_after_it_was_replaced(node: Node) -> None:
    first = await node.launch()
    node.later(days=90)
    second = await node.rotate()
    node.later(hours=1)
    third = await node.rotate()
    soon = await node.published()
    node.server.clock.advance(PUBLISHED_FOR)

    fourth = await node.rotate()

    assert soon == [third, second, first]
    assert await node.published() == [fourth, third]
    assert await node.launch() == third, "the newest signs only when everybody can know it"


async def test_a_rotation_may_change_the_algorithm_and_keeps_it_afterwards(node: Node) -> None:
    await node.launch()
    await node.rotate(algorithm="RS384")
    await node.rotate()
    node.server.clock.advance(SIGNS_AFTER)

    await node.launch()

    assert peek(assertion_of(node.server), 0)["alg"] == "RS384"


async def test_a_key_rotated_by_another_process_is_signed_with_here(node: Node) -> None:
    house = node.house
    async with house.database.work() as work:
        await ensure_signing_key(work, house.sealer, now=house.clock.now())
    new = await node.rotate()
    node.server.clock.advance(SIGNS_AFTER)

    await reload_signing_key(house.database, house.desk.ehr, house.sealer, house.clock)

    key = house.desk.ehr._signing_key
    assert key is not None
    assert key.kid == new
