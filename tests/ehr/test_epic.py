"""Epic's traps, each a test named after it: our client against the sandbox with Epic's manners, over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import (
    AppointmentRef,
    AppointmentStatus,
    PatientRef,
    PractitionerRef,
    Presence,
    Vendor,
)
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.epic import csn_of
from housecall.ehr.errors import EhrRefused, EhrTokenExpired, FeedUnsupported, WriteUnsupported
from housecall.ehr.validation import Level, validate
from housecall.kit.clock import FakeClock, SystemClock
from tests.ehr.conftest import NOW
from tests.ehr.inferno import ES384, RS384, SYMMETRIC, Judge, judge, peek


@pytest.fixture
async def epic(now: FakeClock) -> AsyncIterator[Judge]:
    async with judge(now, vendor="epic") as made:
        yield made


def client_of(epic: Judge, variant: str = RS384) -> SmartFhirClient:
    return epic.client(variant)


async def booked(epic: Judge, **wish: Any) -> dict[str, Any]:
    """A video visit in ten minutes: the hospital's own ids, and as ``fhir`` those that FHIR shows."""
    answer = await epic.web.post("/sandbox/appointments", json={"in_minutes": 10, "minutes": 20, **wish})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def presences(epic: Judge) -> list[tuple[str, bool]]:
    told = (await epic.web.get("/sandbox/presences")).json()
    return [(one["who"], one["connected"]) for one in told]


async def test_trap_ids_hold_dots_and_dashes_and_say_nothing(epic: Judge) -> None:
    made = await booked(epic)
    ref = AppointmentRef(made["fhir"]["appointment"])

    found = await client_of(epic).read_appointment(ref)

    assert made["id"] not in ref
    assert found.ref == ref
    assert found.patient == made["fhir"]["patient"]
    assert (await client_of(epic).read_person(PatientRef(made["fhir"]["patient"]))).sms_number == made[
        "phone"
    ]


async def test_trap_a_schedule_message_calls_the_appointment_by_its_csn_and_not_by_its_id(
    epic: Judge,
) -> None:
    made = await booked(epic)

    found = await client_of(epic).find_told(made["id"])
    nobody = await client_of(epic).find_told("1")

    assert found == made["fhir"]["appointment"]
    assert nobody is None


async def test_trap_a_server_that_ignores_the_identifier_leads_to_nobodys_appointment(epic: Judge) -> None:
    made = await booked(epic)
    client = client_of(epic)
    everybody = {"resourceType": "Bundle", "entry": [{"resource": _appointment(made)}]}

    async def search(*given: Any, **named: Any) -> dict[str, Any]:
        return everybody

    client._fhir.search = search  # type: ignore[method-assign]

    assert await client.find_told("another") is None


def _appointment(made: dict[str, Any]) -> dict[str, Any]:
    identifier = [{"system": "urn:oid:1.2.840.114350.1.13.1.2.7.3.698084.8", "value": made["id"]}]
    return {"resourceType": "Appointment", "id": made["fhir"]["appointment"], "identifier": identifier}


async def test_trap_records_have_no_version_and_a_change_is_seen_all_the_same(epic: Judge) -> None:
    made = await booked(epic)
    ref = AppointmentRef(made["fhir"]["appointment"])
    client = client_of(epic)

    first, again = await client.read_appointment(ref), await client.read_appointment(ref)
    await epic.web.patch(f"/sandbox/appointments/{made['id']}", json={"in_minutes": 30})
    moved = await client.read_appointment(ref)

    assert first.version == again.version != ""
    assert moved.version != first.version
    assert made["patient"] not in moved.version


async def test_trap_an_empty_search_holds_an_operation_outcome(epic: Judge) -> None:
    made = await booked(epic)
    far = NOW + timedelta(days=500)

    found = await client_of(epic).find_appointments_of_patient(
        PatientRef(made["fhir"]["patient"]), start=far, end=far + timedelta(hours=1), tokens=None
    )

    assert found == []


async def test_trap_scopes_are_those_registered_and_spelled_letter_by_letter(epic: Judge) -> None:
    context = await epic.launch(client_of(epic, SYMMETRIC))

    assert {"user/Appointment.r", "user/Appointment.s"} <= context.tokens.scope
    assert "user/Appointment.read" not in context.tokens.scope
    assert context.missing_scopes == frozenset()


async def test_trap_the_banners_word_is_a_text(epic: Judge) -> None:
    context = await epic.launch(client_of(epic, SYMMETRIC))

    assert context.need_patient_banner is False


async def test_trap_the_launch_names_no_appointment_and_the_patients_day_does(epic: Judge) -> None:
    client = client_of(epic, SYMMETRIC)

    context = await epic.launch(client)
    assert context.patient is not None
    found = await client.find_appointments_of_patient(
        context.patient, start=NOW - timedelta(days=1), end=NOW + timedelta(days=1), tokens=context.tokens
    )

    assert context.appointments == ()
    assert {one.patient for one in found} == {context.patient}


async def test_trap_the_session_cannot_be_prolonged_and_lasts_an_hour(epic: Judge) -> None:
    client = client_of(epic, SYMMETRIC)

    context = await epic.launch(client)

    assert context.tokens.expires_at - NOW == timedelta(hours=1)
    assert "online_access" not in epic.authorizations[-1].query["scope"]
    with pytest.raises(EhrTokenExpired):
        await client.refresh(context.tokens)


async def test_trap_a_system_account_with_a_secret_is_refused(epic: Judge) -> None:
    made = await booked(epic)

    with pytest.raises(EhrRefused):
        await client_of(epic, SYMMETRIC).read_appointment(AppointmentRef(made["fhir"]["appointment"]))


async def test_trap_only_rs384_signatures_are_taken(epic: Judge) -> None:
    made = await booked(epic)
    ref = AppointmentRef(made["fhir"]["appointment"])

    with pytest.raises(EhrRefused):
        await client_of(epic, ES384).read_appointment(ref)
    await client_of(epic, RS384).read_appointment(ref)

    assert peek(epic.tokens[-1].form["client_assertion"], 0)["alg"] == "RS384"


async def test_trap_nobody_lists_a_clinic_and_the_server_refuses_who_tries(epic: Judge) -> None:
    made = await booked(epic)
    clinician = PractitionerRef(made["fhir"]["practitioner"])
    window = {"start": NOW, "end": NOW + timedelta(hours=1)}

    with pytest.raises(FeedUnsupported):
        await client_of(epic).list_appointments(practitioners=[clinician], **window)
    with pytest.raises(EhrRefused):
        await epic.client(RS384, vendor=Vendor.generic).list_appointments(practitioners=[clinician], **window)


async def test_trap_batches_and_lists_of_ids_are_refused_so_people_are_read_one_by_one(epic: Judge) -> None:
    refs = [PatientRef((await booked(epic))["fhir"]["patient"]) for _ in range(3)]

    found = await client_of(epic).read_people(refs)

    assert set(found) == set(refs)
    assert {(one.method, one.status) for one in epic.fhir} == {("GET", 200)}


async def test_trap_appointments_cannot_be_patched(epic: Judge) -> None:
    made = await booked(epic)
    ref = AppointmentRef(made["fhir"]["appointment"])

    with pytest.raises(WriteUnsupported):
        await client_of(epic).write_status(ref, AppointmentStatus.arrived)
    with pytest.raises(EhrRefused):
        await epic.client(RS384, vendor=Vendor.generic).write_status(ref, AppointmentStatus.arrived)


async def test_trap_who_is_connected_is_told_by_a_call_beside_fhir_with_the_client_id_in_a_header(
    epic: Judge,
) -> None:
    made = await booked(epic)
    ref, clinician = AppointmentRef(made["fhir"]["appointment"]), made["fhir"]["practitioner"]

    await client_of(epic).write_presence(ref, Presence(None, is_connected=True))
    await client_of(epic).write_presence(ref, Presence(PractitionerRef(clinician), is_connected=True))
    call = epic.recorder.asked[-1]

    assert await presences(epic) == [("patient", True), (made["practitioner"], True)]
    assert call.headers["epic-client-id"] == "housecall-asymmetric"
    assert call.path.endswith("/api/epic/2018/Telehealth/ContextLinking/SetExternalConnectionStatus")
    assert call.query == {
        "ConferenceID": made["id"],
        "ExternalID": clinician,
        "ExternalIDType": "2",
        "VendorName": "Housecall",
        "ConnectionStatus": "1",
    }


@pytest.mark.parametrize("wrong", ["Epic-Client-ID", "ConnectionStatus", "ConferenceID", "ExternalID"])
async def test_the_sandbox_refuses_a_call_with_anything_wrong(epic: Judge, wrong: str) -> None:
    made = await booked(epic)
    client = client_of(epic)
    profile = client._writer._profile
    assert profile.presence_call is not None
    own = profile.presence_call(
        client._endpoint,
        await client._fhir.read("Appointment", made["fhir"]["appointment"], tokens=None),
        Presence(None, is_connected=True),
    )
    changed = replace(
        own,
        params={name: "0" if name == wrong else value for name, value in own.params.items()},
        headers={name: "0" if name == wrong else value for name, value in own.headers.items()},
    )

    with pytest.raises(EhrRefused):
        await client._fhir.call(changed)
    assert await presences(epic) == []


async def test_an_appointment_without_a_csn_has_no_conference() -> None:
    assert csn_of({"identifier": [{"system": "urn:oid:1.2.3", "value": "7"}]}) is None


async def test_the_profile_is_chosen_from_the_statement_and_says_that_it_needs_another_feed(
    epic: Judge,
) -> None:
    # The answers' date is the machine's, so the clock must be as well.
    network = NetworkRules.from_setting(("true",))
    found = await validate(epic.base, network=network, clock=SystemClock())
    levels = {finding.code: finding.level for finding in found.findings}

    assert (found.vendor, found.is_usable) == (Vendor.epic, True)
    assert levels["feed"] is Level.warn
    assert any("August 2026" in finding.sentence for finding in found.findings)
