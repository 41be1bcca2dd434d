"""What the standard asks of a client besides the suite's checks, and what real servers are known to do.

Each heading is one line of the list in ``docs/reference/smart-checks.md``. What is held elsewhere (states, cookies,
redirects after the callback, issuers, keys that rotate) is named there with its test.
"""

import ssl
from datetime import timedelta

import pytest
from starlette.routing import request_response

from housecall.ehr.addresses import NetworkRules, _trust
from housecall.ehr.base import Persona, Vendor
from housecall.ehr.errors import (
    AddressRefused,
    DiscoveryFailed,
    LaunchDenied,
    LaunchReplayed,
    ScopesMissing,
)
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.ehr.scopes import missing_scopes, parse_scope, split_scopes
from housecall.sandbox.auth.grants import TOKEN_LASTS
from tests.ehr.inferno import BACK, ES384, LAUNCHING, PUBLIC, SYMMETRIC, Judge
from tests.ehr.small_ehr import SmallEhr
from tests.ehr.test_launch import launched, query_of

every_variant = pytest.mark.parametrize("variant", LAUNCHING)
every_vendor = pytest.mark.parametrize("vendor", sorted(PROFILES))


async def test_trap_discovery_asks_for_json_at_the_base_and_once(server: Judge) -> None:
    client = server.client(PUBLIC, base_url=server.base + "/")
    for _ in range(2):
        await server.launch(client)

    [asked] = [one for one in server.recorder.asked if "smart-configuration" in one.path]
    assert asked.path == "/fhir/r4/sandbox/.well-known/smart-configuration"
    assert asked.headers["accept"] == "application/json"


@pytest.mark.parametrize("name", ["token_endpoint", "authorization_endpoint", "jwks_uri"])
async def test_trap_an_endpoint_that_is_not_absolute_is_refused(ehr: SmallEhr, name: str) -> None:
    ehr.config = {name: "/auth/here"}

    with pytest.raises(DiscoveryFailed):
        await ehr.client().begin_launch(launch="l", redirect_url=BACK)


async def test_trap_without_a_launch_code_none_is_sent_nor_asked_for(ehr: SmallEhr) -> None:
    request = await ehr.client().begin_launch(launch=None, redirect_url=BACK)

    assert "launch" not in query_of(request)
    assert "launch" not in query_of(request)["scope"].split()


async def test_trap_a_nonce_is_sent_and_one_that_comes_back_must_be_it(server: Judge) -> None:
    client = server.client(PUBLIC)
    request = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)
    answer = await server.sign_in(request)
    assert server.authorizations[-1].query["nonce"] == request.nonce

    with pytest.raises(LaunchDenied) as caught:
        await client.finish_launch(
            code=answer["code"], redirect_url=BACK, code_verifier=request.code_verifier, nonce="another"
        )
    assert getattr(caught.value, "reason_code", "") == "nonce"


@every_vendor
@pytest.mark.parametrize("persona", ["practitioner", "patient"])
def test_trap_no_wildcard_is_ever_asked_for_and_few_scopes_are(vendor: Vendor, persona: Persona) -> None:
    """Wildcards are dropped in silence, and too many scopes do not fit into the token, which is a header."""
    profile = PROFILES[vendor]
    asked = [*profile.scopes_for(persona), *profile.system_scopes]

    assert not [scope for scope in asked if "*" in scope]
    assert len(asked) <= 12
    assert len(" ".join(asked)) < 400


@every_vendor
def test_trap_every_scope_is_of_its_own_level_alone(vendor: Vendor) -> None:
    """``system/`` scopes cannot be mixed with others; a patient's launch asks for nothing of a clinician's."""
    profile = PROFILES[vendor]
    levels = {
        name: {found.context for scope in scopes if (found := parse_scope(scope))}
        for name, scopes in (
            ("system", profile.system_scopes),
            ("user", profile.clinician_scopes),
            ("patient", profile.patient_scopes),
        )
    }

    assert levels == {"system": {"system"}, "user": {"user"}, "patient": {"patient"}}
    assert not {"launch", "openid", "fhirUser", "offline_access"} & profile.system_scopes
    assert all(
        {"launch", "openid", "fhirUser"} <= profile.scopes_for(who) for who in ("practitioner", "patient")
    )


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("user/Appointment.read user/Patient.rs user/Practitioner.cruds", ""),
        ("user/Appointment.r user/Appointment.s user/Patient.read user/Practitioner.read", ""),
        ("user/*.read", ""),
        ("patient/*.read", "user/Appointment.read user/Patient.read user/Practitioner.read"),
        ("user/Appointment.read user/Practitioner.read", "user/Patient.read"),
    ],
)
def test_trap_granted_scopes_are_read_by_what_they_allow(granted: str, missing: str) -> None:
    asked = split_scopes("launch openid user/Appointment.read user/Patient.read user/Practitioner.read")

    assert missing_scopes(asked, split_scopes(granted)) == split_scopes(missing)


async def test_trap_what_was_not_granted_is_named(server: Judge) -> None:
    """The token answer is compared with what was asked, and the resource server's own no names it too."""
    client = server.client(SYMMETRIC)
    request = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)
    less = request.url.replace("user%2FPatient.read", "user%2FPatient.%2A")
    assert less != request.url
    answer = await server.web.get(less)
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]

    context = await server.finish(client, request, code, persona="practitioner")

    assert context.missing_scopes == {"user/Patient.read"}
    with pytest.raises(ScopesMissing):
        await server.read_something(client, context.tokens)
    assert server.fhir[-1].status == 403


@pytest.mark.parametrize(
    "address",
    [
        BACK + "/",
        BACK.replace("/ehr/callback", "/ehr/Callback"),
        BACK.replace("https", "http"),
        BACK + "/../callback",
        BACK + "#x",
    ],
)
async def test_trap_a_redirect_address_that_differs_by_a_slash_is_refused_so_ours_never_does(
    server: Judge, address: str
) -> None:
    client = server.client(PUBLIC)
    refused = await client.begin_launch(launch=await server.launch_code(), redirect_url=address)
    answer = await server.web.get(refused.url)
    ours = await client.begin_launch(launch=await server.launch_code(), redirect_url=BACK)

    assert (answer.status_code, "redirect-uri-mismatch" in answer.text) == (400, True)
    assert "code" in await server.sign_in(ours)


@every_variant
async def test_trap_a_token_lasts_570_seconds_and_no_longer(server: Judge, variant: str) -> None:
    context = await server.launch(server.client(variant))

    assert context.tokens.expires_at - server.clock.now() == timedelta(seconds=570) == TOKEN_LASTS


@every_variant
async def test_trap_a_refresh_that_brings_no_new_refresh_token_keeps_the_first(
    server: Judge, variant: str
) -> None:
    client = server.client(variant)
    tokens = (await server.launch(client)).tokens
    for _ in range(3):
        server.clock.advance(timedelta(minutes=9))
        tokens = await client.refresh(tokens, active_for=timedelta(seconds=5))

    used = {one.form["refresh_token"] for one in server.tokens if one.form["grant_type"] == "refresh_token"}
    assert len(used) == 1
    assert tokens.refresh_token in used
    await server.read_something(client, tokens)
    assert server.fhir[-1].status == 200


async def test_trap_a_new_refresh_token_takes_the_place_of_the_old(
    ehr: SmallEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ehr.client()
    tokens = (await launched(ehr, client)).tokens
    token_of = ehr._token

    async def with_another(request):  # type: ignore[no-untyped-def]
        answer = await token_of(request)
        answer.body = answer.body.replace(b'{"access_token"', b'{"refresh_token":"another","access_token"')
        answer.headers["content-length"] = str(len(answer.body))
        return answer

    route = next(one for one in ehr.app.routes if getattr(one, "path", "") == "/auth/token")
    monkeypatch.setattr(route, "app", request_response(with_another))

    assert (await client.refresh(tokens)).refresh_token == "another"


async def test_trap_a_server_that_throttles_renewals_sees_one_a_minute(server: Judge) -> None:
    server.house.switches.throttle_renewals = True
    client = server.client(SYMMETRIC)
    tokens = (await server.launch(client)).tokens
    for _ in range(5):
        tokens = await client.refresh(tokens)
        server.clock.advance(timedelta(seconds=15))

    sent = [one.status for one in server.tokens if one.form["grant_type"] == "refresh_token"]
    assert sent == [200, 200]


async def test_trap_a_code_is_used_once_and_a_refusals_page_is_passed_on(
    ehr: SmallEhr, caplog: pytest.LogCaptureFixture
) -> None:
    """The error's page is for support staff; its urn is logged, the code is not."""
    client = ehr.client()
    request = await client.begin_launch(launch="l", redirect_url=BACK)

    with pytest.raises(LaunchReplayed) as caught:
        await client.finish_launch(
            code="spent", redirect_url=BACK, code_verifier=request.code_verifier, nonce=request.nonce
        )

    assert caught.value.more_at == "https://ehr.test/e?urn=urn:x:code-invalid"
    logged = [vars(one) for one in caplog.records if one.name == "housecall.ehr.token_endpoint"]
    assert [one["urn"] for one in logged] == ["urn:x:code-invalid"]
    assert "spent" not in str(logged)


async def test_trap_the_provider_app_and_the_system_account_are_two_registrations(server: Judge) -> None:
    client = server.client(SYMMETRIC)
    context = await server.launch(client)
    await server.read_something(client, context.tokens)
    await server.read_something(client, None)

    proofs = [one.headers["authorization"] for one in server.tokens]
    assert len(set(proofs)) == 2
    assert len({one.headers["authorization"] for one in server.fhir}) == 2


async def test_trap_access_tokens_are_opaque_and_stay_in_the_header(server: Judge) -> None:
    client = server.client(ES384)
    context = await server.launch(client)
    await server.read_something(client, context.tokens)

    token = context.tokens.access_token
    assert [one for one in server.recorder.asked if token in str(one.headers)] == [server.fhir[-1]]
    for one in server.recorder.asked:
        assert token not in str(one.query) + str(one.form) + one.path
    assert token not in repr(context)


def test_trap_secrets_go_over_tls_1_2_or_better() -> None:
    assert _trust(None).minimum_version >= ssl.TLSVersion.TLSv1_2
    assert _trust(None).verify_mode is ssl.CERT_REQUIRED
    assert _trust(None).check_hostname


async def test_trap_secrets_go_to_no_server_without_a_certificate() -> None:
    outward = Outward(NetworkRules())

    with pytest.raises(AddressRefused):
        await outward.send("POST", "http://93.184.216.34/token", form={"client_id": "app"})
    await outward.close()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://ehr.test/style.json", "https://ehr.test/style.json"),
        ("javascript:alert(1)", None),
        ({"color_text": "red"}, None),
    ],
)
async def test_trap_the_style_of_a_launch_is_data(ehr: SmallEhr, given: object, kept: str | None) -> None:
    ehr.token_answer = {"smart_style_url": given}

    assert (await launched(ehr, ehr.client())).smart_style_url == kept


async def test_trap_a_user_may_be_relative_or_absolute_and_of_any_kind_that_may_launch(
    ehr: SmallEhr,
) -> None:
    for said in ("Practitioner/501", "https://ehr.test/r4/t1/Practitioner/501", "PractitionerRole/501"):
        context = await launched(ehr, ehr.client(), fhir_user=said)
        assert context.user == "501"
    for said in ("Patient/9001", "RelatedPerson/9001"):
        with pytest.raises(LaunchDenied):
            await launched(ehr, ehr.client(), fhir_user=said)
