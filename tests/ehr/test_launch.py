"""A launch, from the authorization request to the context; the Inferno suite's checks are in ``test_inferno_*``."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from housecall.ehr.base import Vendor
from housecall.ehr.errors import (
    DiscoveryFailed,
    EhrThrottled,
    EhrTokenExpired,
    EhrUnavailable,
    IdTokenInvalid,
    LaunchDenied,
    LaunchReplayed,
)
from housecall.ehr.smart import appointments_in

BACK = "https://housecall.test/ehr/callback"


async def begin(client, **more):
    return await client.begin_launch(launch="launch-1", redirect_url=BACK, **more)


async def launched(ehr, client, **approval):
    request = await begin(client)
    code = ehr.approve(request, **approval)
    return await client.finish_launch(
        code=code, redirect_url=BACK, code_verifier=request.code_verifier, nonce=request.nonce
    )


def query_of(request):
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def form_of(ehr, at=-1):
    return {name: values[0] for name, values in parse_qs(ehr.asked("/token")[at][3]).items()}


async def test_a_launch_tells_who_about_whom_and_with_what(ehr, now):
    context = await launched(ehr, ehr.client())

    assert (context.user, context.user_type, context.persona) == ("501", "Practitioner", "practitioner")
    assert (context.patient, context.encounter, context.appointments) == ("9001", None, ())
    assert context.need_patient_banner
    assert context.missing_scopes == frozenset()
    assert context.tokens.expires_at == now.now() + timedelta(seconds=570)


async def test_millenniums_context_is_read(ehr):
    ehr.token_answer = {
        "encounter": 97957281,
        "user": "501",
        "tenant": "t1",
        "need_patient_banner": False,
        "smart_style_url": "https://ehr.test/style.json",
        "expires_in": "570",
        "fhirContext": ["Appointment/70001"],
    }
    context = await launched(ehr, ehr.client(vendor=Vendor.millennium))

    assert (context.encounter, context.tenant, context.appointments) == ("97957281", "t1", ("70001",))
    assert not context.need_patient_banner
    assert context.smart_style_url == "https://ehr.test/style.json"


@pytest.mark.parametrize(
    ("fhir_context", "found"),
    [
        (None, ()),
        ("Appointment/1", ()),
        ([{"reference": "Appointment/1"}], ("1",)),
        ([{"reference": "Appointment/1", "role": "launch"}], ("1",)),
        ([{"reference": "Appointment/1", "role": "https://x/other"}], ()),
        ([{"reference": "https://ehr.test/r4/t1/Appointment/1/_history/2"}], ("1",)),
        ([{"reference": "Encounter/1"}, {"identifier": {"value": "2"}}, 5, None], ()),
        (["Appointment/1", "Appointment/1", "Appointment/2"], ("1", "2")),
    ],
)
def test_appointments_of_a_launch_in_any_form(fhir_context, found):
    assert appointments_in(fhir_context) == found


async def test_without_a_launch_code_the_request_is_a_standalone_one(ehr):
    request = await ehr.client().begin_launch(launch=None, redirect_url=BACK)

    assert "launch" not in query_of(request)
    assert "launch" not in query_of(request)["scope"].split()


async def test_granted_less_than_asked_is_told(ehr):
    ehr.token_answer = {"scope": "launch openid fhirUser user/Appointment.rs user/Practitioner.r"}
    context = await launched(ehr, ehr.client())

    assert context.missing_scopes == {"user/Patient.read", "user/Practitioner.read"}


async def test_no_word_on_scopes_means_as_asked(ehr):
    ehr.token_answer = {"scope": None}

    assert (await launched(ehr, ehr.client())).missing_scopes == frozenset()


async def test_a_code_used_twice_is_refused_as_a_replay(ehr):
    client = ehr.client()
    request = await begin(client)
    back = {"redirect_url": BACK, "code_verifier": request.code_verifier, "nonce": request.nonce}
    code = ehr.approve(request)
    await client.finish_launch(code=code, **back)

    with pytest.raises(LaunchReplayed) as caught:
        await client.finish_launch(code=code, **back)
    assert caught.value.more_at == "https://ehr.test/e?urn=urn:x:code-invalid"
    assert code not in str(caught.value)


async def test_a_patient_cannot_come_in_by_the_clinicians_door(ehr):
    with pytest.raises(LaunchDenied):
        await launched(ehr, ehr.client(), fhir_user="Patient/9001")


async def test_a_clinician_cannot_come_in_by_the_patients_door(ehr):
    client = ehr.client()
    request = await begin(client, persona="patient")

    with pytest.raises(LaunchDenied):
        await client.finish_launch(
            code=ehr.approve(request),
            redirect_url=BACK,
            code_verifier=request.code_verifier,
            nonce=request.nonce,
            persona="patient",
        )


async def test_a_patients_launch_asks_for_the_patients_scopes_and_names_the_patient(ehr):
    client = ehr.client()
    request = await begin(client, persona="patient")
    context = await client.finish_launch(
        code=ehr.approve(request, fhir_user="Patient/9001"),
        redirect_url=BACK,
        code_verifier=request.code_verifier,
        nonce=request.nonce,
        persona="patient",
    )

    assert "patient/Appointment.read" in query_of(request)["scope"].split()
    assert (context.user, context.user_type, context.patient) == ("9001", "Patient", "9001")


async def test_millenniums_user_beside_the_token_counts_where_no_id_token_came(ehr):
    ehr.token_answer = {"id_token": None, "user": "501"}

    assert (await launched(ehr, ehr.client())).user == "501"


async def test_an_answer_that_names_nobody_is_refused(ehr):
    ehr.token_answer = {"id_token": None}

    with pytest.raises(IdTokenInvalid):
        await launched(ehr, ehr.client())


@pytest.mark.parametrize(
    "config",
    [
        {"token_endpoint": None},
        {"authorization_endpoint": None},
        {"token_endpoint": "/auth/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_configuration_that_cannot_be_used_is_a_failed_discovery(ehr, config):
    ehr.config = config

    with pytest.raises(DiscoveryFailed):
        await begin(ehr.client())


async def test_the_configuration_is_read_once_in_ten_minutes(ehr, now):
    client = ehr.client()
    for minutes in (0, 5, 6):
        now.advance(timedelta(minutes=minutes))
        await client.discover()

    assert len(ehr.asked("/smart-configuration")) == 2


async def test_refreshing_is_one_request_a_minute_however_many_ask(ehr, now):
    import asyncio

    client = ehr.client()
    tokens = (await launched(ehr, client)).tokens
    before = len(ehr.asked("/token"))

    several = await asyncio.gather(*(client.refresh(tokens) for _ in range(5)))
    again = await client.refresh(several[0])
    assert len({fresh.access_token for fresh in [*several, again]}) == 1
    assert len(ehr.asked("/token")) == before + 1

    now.advance(timedelta(seconds=61))
    assert (await client.refresh(again)).access_token != again.access_token
    assert len(ehr.asked("/token")) == before + 2


async def test_a_refresh_without_a_new_refresh_token_keeps_the_first(ehr):
    client = ehr.client()
    tokens = (await launched(ehr, client)).tokens

    fresh = await client.refresh(tokens)

    assert (fresh.refresh_token, fresh.user, fresh.scope) == (tokens.refresh_token, "501", tokens.scope)


async def test_the_persons_real_activity_is_told_where_the_vendor_wants_it(ehr, now):
    for vendor in (Vendor.millennium, Vendor.generic):
        client = ehr.client(vendor=vendor)
        await client.refresh((await launched(ehr, client)).tokens, active_for=timedelta(seconds=42))

        assert form_of(ehr).get("active_at") == ("42" if vendor is Vendor.millennium else None)


async def test_a_session_that_is_over_cannot_be_refreshed_and_is_asked_about_once(ehr):
    client = ehr.client()
    tokens = (await launched(ehr, client)).tokens
    ehr.refreshes.clear()
    before = len(ehr.asked("/token"))

    for _ in range(3):
        with pytest.raises(EhrTokenExpired):
            await client.refresh(tokens)
    assert len(ehr.asked("/token")) == before + 1


async def test_a_persons_refused_token_is_an_ended_session(ehr):
    client = ehr.client()
    tokens = (await launched(ehr, client)).tokens
    ehr.access.clear()

    with pytest.raises(EhrTokenExpired):
        await client.read_appointment("70001", tokens=tokens)


async def test_the_system_token_is_asked_for_once_and_renewed_before_its_end(ehr, now):
    import asyncio

    client = ehr.client()
    await asyncio.gather(*(client.read_appointment("70001") for _ in range(5)))
    assert len(ehr.asked("/token")) == 1

    now.advance(timedelta(seconds=241))
    await client.read_appointment("70001")
    assert len(ehr.asked("/token")) == 2


async def test_a_system_token_revoked_early_is_renewed_once(ehr):
    client = ehr.client()
    await client.read_appointment("70001")
    ehr.access.clear()

    assert (await client.read_appointment("70001")).ref == "70001"
    assert len(ehr.asked("/token")) == 2


async def test_an_ehr_that_asks_to_wait_is_believed(ehr):
    client = ehr.client()
    ehr.throttled = 17

    with pytest.raises(EhrThrottled) as caught:
        await client.read_appointment("70001")
    assert caught.value.retry_after == timedelta(seconds=17)
    assert isinstance(caught.value, EhrUnavailable)
