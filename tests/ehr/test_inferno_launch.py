"""What the Inferno client suite checks of a launch, in each of its client variants, over real HTTP.

Source: smart-app-launch-test-kit, STU 2.2 client suite, source of 2025-11-21. The checks of one variant alone are in
``test_inferno_public.py``, ``test_inferno_symmetric.py``, ``test_inferno_asymmetric.py`` and
``test_inferno_backend.py``; what the standard asks besides is in ``test_inferno_traps.py``.
"""

from urllib.parse import urlsplit

import pytest

from housecall.commands.connect import addresses_of
from housecall.ehr.errors import LaunchReplayed
from housecall.ehr.smart import challenge_of
from housecall.kit.settings import Settings
from housecall.tenancy.tables import Connection
from tests.ehr.inferno import BACK, HOUSECALL, LAUNCHING, Judge

every_variant = pytest.mark.parametrize("variant", LAUNCHING)


@pytest.mark.parametrize(
    "name", ["launch_url", "patient_launch_url", "redirect_url", "jwks_url", "patient_redirect_url"]
)
def test_inferno_registration_every_address_parses_and_is_https(name: str) -> None:
    settings = Settings({"HOUSECALL_PUBLIC_URL": HOUSECALL + "/"})
    addresses = addresses_of(
        Connection(id="c_1", vendor="generic", client_kind="public", client_id="c"), settings.public_url
    )
    addresses["patient_redirect_url"] = f"{settings.public_url}/ehr/patient/callback"

    parts = urlsplit(addresses[name])

    assert (parts.scheme, parts.netloc) == ("https", "visits.example")
    assert parts.path.startswith("/ehr/")
    assert not parts.query + parts.fragment
    assert not parts.path.endswith("/"), "redirect addresses are compared to the last slash"


@every_variant
async def test_inferno_interaction_a_launch_and_a_fhir_call_are_completed(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)

    context = await server.launch(client)
    await server.read_something(client, context.tokens)

    assert [one.status for one in (server.tokens[-1], server.fhir[-1])] == [200, 200]


@every_variant
async def test_inferno_authorization_request_response_type_is_code(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    assert server.authorizations[-1].query["response_type"] == "code"


@every_variant
async def test_inferno_authorization_request_client_id_is_right(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    expected = {"public": "housecall-public", "symmetric": "housecall-clinician"}
    assert server.authorizations[-1].query["client_id"] == expected.get(variant, "housecall-asymmetric")


@every_variant
async def test_inferno_authorization_request_redirect_uri_is_a_registered_one(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    await server.launch(client)
    await server.launch(client, persona="patient")

    sent = [one.query["redirect_uri"] for one in server.authorizations]
    registered = server.house.clients.clients[server.authorizations[0].query["client_id"]].redirect_uris
    assert sent == list(registered)


@every_variant
async def test_inferno_authorization_request_launch_is_the_issued_one(server: Judge, variant: str) -> None:
    issued = await server.launch_code()
    request = await server.client(variant).begin_launch(launch=issued, redirect_url=BACK)

    answer = await server.sign_in(request)

    assert server.authorizations[-1].query["launch"] == issued
    assert "code" in answer


@every_variant
async def test_inferno_authorization_request_state_is_present_and_hard_to_guess(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    for _ in range(3):
        await server.launch(client)

    states = [one.query["state"] for one in server.authorizations]
    # 122 bits are 21 signs of base64url; ours are 256 bits.
    assert all(len(state) >= 43 for state in states)
    assert len(set(states)) == 3


@every_variant
async def test_inferno_authorization_request_aud_is_the_fhir_base(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant, base_url=server.base + "/"))

    assert server.authorizations[-1].query["aud"] == server.base


@every_variant
async def test_inferno_authorization_request_code_challenge_is_present(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    verifier = server.tokens[-1].form["code_verifier"]
    assert 43 <= len(verifier) <= 128
    assert server.authorizations[-1].query["code_challenge"] == challenge_of(verifier)


@every_variant
async def test_inferno_authorization_request_code_challenge_method_is_s256(
    server: Judge, variant: str
) -> None:
    await server.launch(server.client(variant))

    assert server.authorizations[-1].query["code_challenge_method"] == "S256"


@every_variant
async def test_inferno_authorization_request_scope_is_present(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    scopes = server.authorizations[-1].query["scope"].split()
    assert {"launch", "openid", "fhirUser", "user/Appointment.read"} <= set(scopes)


@every_variant
async def test_inferno_token_request_grant_type_is_authorization_code(server: Judge, variant: str) -> None:
    await server.launch(server.client(variant))

    assert server.tokens[-1].form["grant_type"] == "authorization_code"


@every_variant
async def test_inferno_token_request_code_was_issued_here(server: Judge, variant: str) -> None:
    client = server.client(variant)
    request = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)
    answer = await server.sign_in(request)

    await server.finish(client, request, answer["code"], persona="practitioner")

    assert server.tokens[-1].form["code"] == answer["code"]
    with pytest.raises(LaunchReplayed):
        await server.finish(client, request, "a-code-from-elsewhere", persona="practitioner")


@every_variant
async def test_inferno_token_request_redirect_uri_equals_the_authorization_requests(
    server: Judge, variant: str
) -> None:
    await server.launch(server.client(variant))

    assert server.tokens[-1].form["redirect_uri"] == server.authorizations[-1].query["redirect_uri"]


@every_variant
async def test_inferno_token_request_pkce_verifier_matches(server: Judge, variant: str) -> None:
    client = server.client(variant)
    await server.launch(client)
    assert server.tokens[-1].status == 200
    # The judge would see it: the verifier of another launch is refused.
    first = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)
    second = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)

    with pytest.raises(LaunchReplayed):
        await server.finish(client, first, (await server.sign_in(second))["code"], persona="practitioner")


@every_variant
async def test_inferno_token_request_refresh_grant_type_and_the_sessions_own_token(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    context = await server.launch(client)

    await client.refresh(context.tokens)

    sent = server.tokens[-1]
    assert (sent.status, sent.form["grant_type"]) == (200, "refresh_token")
    assert sent.form["refresh_token"] == context.tokens.refresh_token


@every_variant
async def test_inferno_token_request_refresh_repeats_the_clients_proof(server: Judge, variant: str) -> None:
    client = server.client(variant)
    context = await server.launch(client)

    await client.refresh(context.tokens)

    first, again = server.tokens[-2:]
    proofs = {"public": "client_id", "symmetric": "authorization"}
    name = proofs.get(variant, "client_assertion")
    for sent in (first, again):
        assert name in sent.form | sent.headers
    assert again.status == 200


@every_variant
async def test_inferno_token_use_a_fhir_request_carries_a_token_that_was_issued(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    context = await server.launch(client)

    await server.read_something(client, context.tokens)

    sent = server.fhir[-1].headers["authorization"].removeprefix("Bearer ")
    assert sent == context.tokens.access_token
    assert server.house.grants.find_session(sent) is not None
