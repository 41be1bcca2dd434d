"""An address is looked at before anybody relies on it."""

import httpx
import pytest

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import ClientKind, Vendor
from housecall.ehr.errors import AddressRefused
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES, profile_for
from housecall.ehr.validation import LOOKED_AT, Level, validate

CODES = [
    "reach",
    "tls",
    "clock",
    "capability",
    "fhir_version",
    "resources",
    "vendor",
    "write_back",
    "release",
    "discovery",
    "endpoints",
    "launch",
    "pkce",
    "auth_methods",
    "system_account",
    "scopes",
]


async def look(ehr, now, base_url=None, **more):
    outward = Outward(NetworkRules(), transport=httpx.ASGITransport(ehr.app))
    result = await validate(base_url or ehr.base, network=NetworkRules(), clock=now, outward=outward, **more)
    return result, {finding.code: finding for finding in result.findings}


async def test_an_ehr_that_fits_has_only_good_findings(ehr, now):
    ehr.metadata = {"software": {"version": "August 2026"}}
    result, found = await look(ehr, now)

    assert result.is_usable
    assert [finding.code for finding in result.findings] == CODES
    assert {finding.level for finding in result.findings} == {Level.ok}
    assert (result.vendor, result.fhir_version) == (Vendor.generic, "4.0.1")
    assert result.configuration is not None
    assert found["fhir_version"].sentence == "The server speaks FHIR R4 (4.0.1)."
    assert (result.release, found["release"].level) == ("August 2026", Level.ok)


async def test_a_release_that_is_not_published_waits_for_somebody_to_confirm_it(ehr, now):
    _, before = await look(ehr, now)
    _, after = await look(ehr, now, release_confirmed=True)

    assert before["release"].level is Level.warn
    assert "confirm the release" in before["release"].mend
    assert after["release"].level is Level.ok


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"fhirVersion": "1.0.2"}, "DSTU2"),
        ({"resourceType": "Conformance", "fhirVersion": None}, "DSTU2"),
        ({"fhirVersion": "3.0.2"}, "STU3"),
        ({"fhirVersion": "4.3.0"}, "R4B"),
        ({"fhirVersion": "5.0.0"}, "R5"),
        ({"fhirVersion": None}, "unknown"),
    ],
)
async def test_another_fhir_version_is_refused_by_name(ehr, now, metadata, name):
    ehr.metadata = metadata
    result, found = await look(ehr, now)

    assert not result.is_usable
    assert found["fhir_version"].level is Level.fail
    assert name in found["fhir_version"].sentence
    assert found["fhir_version"].mend


@pytest.mark.parametrize(
    ("config", "code", "level"),
    [
        ({"code_challenge_methods_supported": []}, "pkce", Level.fail),
        ({"code_challenge_methods_supported": ["S256", "plain"]}, "pkce", Level.warn),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "auth_methods", Level.fail),
        ({"authorization_endpoint": None}, "launch", Level.fail),
        ({"issuer": None}, "launch", Level.fail),
        ({"capabilities": []}, "launch", Level.warn),
        ({"grant_types_supported": ["authorization_code"]}, "system_account", Level.warn),
        ({"scopes_supported": ["openid", "user/Patient.read"]}, "scopes", Level.warn),
        ({"token_endpoint": None}, "discovery", Level.fail),
        ({"token_endpoint": "https://elsewhere.test"}, "discovery", Level.ok),
        ({"jwks_uri": "https://ehr.test/r4/t1/metadata"}, "endpoints", Level.fail),
        ({"jwks_uri": "https://ehr.test/nowhere"}, "endpoints", Level.fail),
        ({"jwks_uri": None}, "endpoints", Level.fail),
    ],
)
async def test_what_does_not_fit_in_the_configuration_is_found(ehr, now, config, code, level):
    ehr.config = config
    _, found = await look(ehr, now)

    assert found[code].level is level
    assert found[code].mend or level is Level.ok


async def test_every_finding_has_a_code_of_the_table_and_every_fault_says_how_to_mend_it(ehr, now):
    ehr.config = {"token_endpoint_auth_methods_supported": ["none"], "code_challenge_methods_supported": []}
    ehr.metadata = {"publisher": "Cerner", "rest": []}
    result, _ = await look(ehr, now, vendor=Vendor.millennium)

    assert len(result.findings) > 10
    for finding in result.findings:
        assert finding.code in LOOKED_AT
        assert finding.sentence.endswith(".")
        assert finding.mend.endswith(".") or finding.level is Level.ok


async def test_appointments_that_cannot_be_changed_are_said_where_we_could_write_back(ehr, now):
    ehr.metadata = {"publisher": "Cerner"}
    _, within = await look(ehr, now)
    reading = {"type": "Appointment", "interaction": [{"code": code} for code in ("read", "search-type")]}
    ehr.metadata = {"publisher": "Cerner", "rest": [{"resource": [reading]}]}
    _, without = await look(ehr, now)

    assert without["write_back"].level is Level.warn
    assert within["write_back"].level is Level.ok


@pytest.mark.parametrize(
    "target", ["https://elsewhere.test/metadata", "http://169.254.169.254/latest", "/login"]
)
async def test_a_redirect_is_said_and_never_followed(now, target):
    asked = []

    def send_on(request):
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": target, "Date": "Tue, 01 Dec 2026 12:00:00 GMT"})

    outward = Outward(NetworkRules(), transport=httpx.MockTransport(send_on))
    result = await validate("https://ehr.test/r4", network=NetworkRules(), clock=now, outward=outward)

    assert [finding.code for finding in result.findings if finding.level is Level.fail] == ["redirect"]
    assert asked == ["https://ehr.test/r4/metadata"]


async def test_endpoints_on_a_closed_network_are_said_before_any_secret_goes_there(now):
    """A server outside that names a token endpoint inside would have our client secret sent there."""
    inside = "https://10.0.0.1/token"

    def answer(request):
        if request.url.host == "10.0.0.1":
            raise AddressRefused("not_allowed")
        body = {"token_endpoint": inside, "issuer": "https://ehr.test", "jwks_uri": "https://ehr.test/jwks"}
        return httpx.Response(200, json=body)

    outward = Outward(NetworkRules(), transport=httpx.MockTransport(answer))
    result = await validate("https://ehr.test/r4", network=NetworkRules(), clock=now, outward=outward)
    found = {finding.code: finding for finding in result.findings}

    assert found["endpoints"].level is Level.fail
    assert "token endpoint" in found["endpoints"].sentence


async def test_the_way_of_proof_is_held_against_the_kind_of_client(ehr, now):
    ehr.config = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    _, found = await look(ehr, now, client_kind=ClientKind.asymmetric)

    assert found["auth_methods"].level is Level.ok


async def test_missing_resources_are_named(ehr, now):
    ehr.metadata = {"rest": [{"resource": [{"type": "Patient", "interaction": [{"code": "read"}]}]}]}
    _, found = await look(ehr, now)

    assert found["resources"].level is Level.fail
    assert "Appointment read, Appointment search-type, Practitioner read" in found["resources"].sentence


@pytest.mark.parametrize(
    ("date", "level"),
    [
        ("Tue, 01 Dec 2026 12:00:20 GMT", Level.ok),
        ("Tue, 01 Dec 2026 12:00:45 GMT", Level.warn),
        ("Tue, 01 Dec 2026 11:50:00 GMT", Level.fail),
        ("noon", Level.warn),
    ],
)
async def test_clocks_apart_are_found(now, date, level):
    transport = httpx.MockTransport(lambda request: httpx.Response(404, headers={"Date": date}))
    outward = Outward(NetworkRules(), transport=transport)
    result = await validate("https://ehr.test/r4", network=NetworkRules(), clock=now, outward=outward)

    assert next(finding for finding in result.findings if finding.code == "clock").level is level


@pytest.mark.parametrize(
    "address",
    ["", "ehr", "ftp://x/", "https://u:p@ehr.test/", "https://ehr.test/r4?x=1", "https://127.0.0.1/r4"],
)
async def test_an_address_that_may_not_be_used_is_said_and_nothing_more(now, address):
    result = await validate(address, network=NetworkRules(), clock=now)

    assert [finding.code for finding in result.findings] == ["address"]
    assert not result.is_usable


async def test_a_page_that_is_no_fhir_server_is_said(now):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>Welcome</html>"))
    outward = Outward(NetworkRules(), transport=transport)
    result = await validate("https://ehr.test/r4", network=NetworkRules(), clock=now, outward=outward)
    found = {finding.code: finding.level for finding in result.findings}

    assert (found["capability"], found["discovery"]) == (Level.fail, Level.fail)


async def test_a_server_nobody_reaches_is_said(now):
    def fail(request):
        raise httpx.ConnectError("no", request=request)

    outward = Outward(NetworkRules(), transport=httpx.MockTransport(fail))
    result = await validate("https://ehr.test/r4", network=NetworkRules(), clock=now, outward=outward)

    assert [(finding.code, finding.level) for finding in result.findings] == [("reach", Level.fail)]


@pytest.mark.parametrize(
    ("statement", "vendor"),
    [
        ({"publisher": "Cerner"}, Vendor.millennium),
        ({"implementation": {"description": "FHIR on top of Millennium"}}, Vendor.millennium),
        ({"software": {"name": "Oracle Health"}}, Vendor.millennium),
        ({"software": {"name": "Epic"}}, Vendor.epic),
        ({"publisher": "Epicentre"}, Vendor.generic),
        ({}, Vendor.generic),
        ({"software": "odd", "implementation": []}, Vendor.generic),
    ],
)
def test_the_vendor_is_read_from_the_statement(statement, vendor):
    assert profile_for(statement) is vendor


async def test_a_profile_against_the_evidence_is_a_warning(ehr, now):
    ehr.metadata = {"publisher": "Cerner"}
    result, found = await look(ehr, now, vendor=Vendor.generic)

    assert (result.vendor, found["vendor"].level) == (Vendor.generic, Level.warn)


async def test_epic_is_told_to_need_another_feed(ehr, now):
    ehr.metadata = {"software": {"name": "Epic"}}
    _, found = await look(ehr, now)

    assert found["feed"].level is Level.warn


def test_every_vendor_has_a_profile_of_its_own():
    assert [profile.vendor for profile in PROFILES.values()] == list(PROFILES)
    assert list(PROFILES)[-1] == Vendor.generic
