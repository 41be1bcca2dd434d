"""Who is let in to the FHIR server, in which words others are turned away, and the other resources."""

import base64

import pytest

from tests.sandbox.hospital import OPTIONS, Hospital

EVERYTHING = " ".join(
    f"system/{kind}.read" for kind in ("Patient", "Practitioner", "Location", "Encounter", "Appointment")
)


async def test_another_tenant_is_refused_in_plain_text(hospital: Hospital) -> None:
    answer = await hospital.web.get("/fhir/r4/another/Patient/1")

    assert (answer.status_code, answer.text) == (403, "Tenant not valid or accessible")


async def test_without_a_good_token_there_is_401_with_a_challenge(hospital: Hospital) -> None:
    for headers in ({}, {"Authorization": "Bearer made-up"}):
        answer = await hospital.web.get(f"{OPTIONS.fhir_base}/Patient/12880100", headers=headers)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_without_the_scope_there_is_403_that_is_no_operation_outcome(hospital: Hospital) -> None:
    token = await hospital.system_token("system/Appointment.read")

    answer = await hospital.fhir("GET", "/Patient/12880100", token)

    assert answer.status_code == 403
    assert answer.json()["code"] == 403
    assert "no_scope_for_resource_path" in answer.json()["message"]


async def test_who_wants_no_json_gets_406_and_nothing_else(hospital: Hospital) -> None:
    token = await hospital.system_token()

    answer = await hospital.fhir("GET", "/Appointment/1", token, headers={"Accept": "application/fhir+xml"})

    assert (answer.status_code, answer.content) == (406, b"")


async def test_discovery_and_capabilities_need_no_token(hospital: Hospital) -> None:
    smart = (await hospital.web.get(f"{OPTIONS.fhir_base}/.well-known/smart-configuration")).json()
    capability = (await hospital.web.get(f"{OPTIONS.fhir_base}/metadata")).json()

    assert smart["code_challenge_methods_supported"] == ["S256"]
    assert smart["token_endpoint"] == OPTIONS.token_url
    assert capability["fhirVersion"] == "4.0.1"
    appointment = next(each for each in capability["rest"][0]["resource"] if each["type"] == "Appointment")
    assert {"code": "patch"} in appointment["interaction"]


async def test_faults_can_be_switched_on(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)
    await hospital.web.post("/sandbox/settings", json={"throttle": 2})

    answers = [await hospital.fhir("GET", "/Patient/12880100", token) for _ in range(3)]
    await hospital.web.post("/sandbox/settings", json={"throttle": None, "ehr": "down"})
    down = await hospital.fhir("GET", "/Patient/12880100", token)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert down.status_code == 503


async def test_an_unknown_switch_is_refused_and_nothing_changes(hospital: Hospital) -> None:
    answer = await hospital.web.post("/sandbox/settings", json={"ehr": "down", "weather": "bad"})

    assert answer.status_code == 400
    assert (await hospital.web.get("/sandbox/settings")).json()["ehr"] == "up"


async def test_a_batch_answers_each_entry_alone(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)
    urls = ("Patient/12880100", "Patient/none", "Practitioner?_id=593101", "DocumentReference?patient=1")
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}

    answer = (await hospital.fhir("POST", "", token, json=bundle)).json()

    assert answer["type"] == "batch-response"
    assert [entry["response"]["status"] for entry in answer["entry"]] == ["200", "404", "200", "403"]
    assert answer["entry"][0]["resource"]["id"] == "12880100"


async def test_patients_come_in_the_shapes_of_real_registers(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)

    async def patient(patient_id: int) -> dict:
        return (await hospital.fhir("GET", f"/Patient/{patient_id}", token)).json()

    plain, stale, wishes, dead, merged = [await patient(12880100 + step) for step in (0, 23, 25, 28, 29)]

    assert plain["telecom"][0] | {"value": "3125550110", "use": "mobile", "rank": "1"} == plain["telecom"][0]
    assert plain["communication"][0]["language"]["coding"][1] == {
        "system": "urn:ietf:bcp:47",
        "code": "en",
        "display": "English",
        "userSelected": False,
    }
    assert "end" in stale["telecom"][0]["period"]
    assert wishes["extension"][0]["url"].endswith("/communication-preference")
    assert "deceasedDateTime" in dead
    assert merged["link"][0]["type"] == "replaced-by"
    assert "telecom" not in merged


async def test_clinicians_are_found_by_id_name_and_number(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)

    async def found(query: str) -> int:
        body = (await hospital.fhir("GET", f"/Practitioner?{query}", token)).json()
        return len(body.get("entry", []))

    assert await found("_id=593101,593102") == 2
    assert await found("name=okon") == 1
    assert await found("family=Haddad&active=true") == 1
    assert await found("identifier=http://hl7.org/fhir/sid/us-npi|1215990029") == 1
    assert (await hospital.fhir("GET", "/Practitioner?name=o", token)).status_code == 400
    assert (await hospital.fhir("GET", "/Practitioner", token)).status_code == 400


async def test_ordinary_appointments_have_the_oddities_of_real_ones(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)
    path = "/Appointment?location=21304101&date=ge2026-11-24T00:00:00Z"

    entries = (await hospital.fhir("GET", path, token)).json()["entry"]
    shapes = [entry["resource"] for entry in entries]

    assert any(extension.get("valueString") == "" for shape in shapes for extension in shape["extension"])
    assert any("reference" not in each["actor"] for shape in shapes for each in shape["participant"])
    assert all(shape["start"].endswith(":00Z") for shape in shapes)
    assert not any("contained" in shape for shape in shapes)


def note(patient: str, author: str, encounter: str) -> dict:
    text = base64.b64encode(b"Chat of the visit").decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "34109-9"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "author": [{"reference": f"Practitioner/{author}"}],
        "content": [
            {"attachment": {"contentType": "text/plain;charset=utf-8", "data": text, "title": "Chat"}}
        ],
        "context": {
            "encounter": [{"reference": f"Encounter/{encounter}"}],
            "period": {"end": "2026-11-24T15:30:00Z"},
        },
    }


async def test_a_note_is_written_by_the_signed_in_clinician_and_shows_in_the_chart(
    hospital: Hospital,
) -> None:
    scopes = "launch user/DocumentReference.write user/DocumentReference.read"
    answer = await hospital.tokens(scope=scopes)
    body = note("12880100", str(answer["user"]), str(answer["encounter"]))

    made = await hospital.fhir("POST", "/DocumentReference", str(answer["access_token"]), json=body)

    chart = await hospital.web.get("/chart/12880100?tab=documents")
    assert (made.status_code, made.content) == (201, b"")
    assert made.headers["location"].startswith(f"{OPTIONS.fhir_base}/DocumentReference/")
    assert "Chat of the visit" in chart.text


@pytest.mark.parametrize(
    "change",
    [
        {"author": [{"reference": "Practitioner/593102"}]},
        {"status": "superseded"},
        {"type": {}},
        {"context": {}},
        {"content": []},
        {"content": [{"attachment": {"contentType": "image/png", "data": "AAAA"}}]},
        {"subject": {"reference": "Patient/none"}},
    ],
)
async def test_a_note_against_the_rules_is_unprocessable(hospital: Hospital, change: dict) -> None:
    answer = await hospital.tokens(scope="launch user/DocumentReference.write")
    body = note("12880100", str(answer["user"]), str(answer["encounter"])) | change

    made = await hospital.fhir("POST", "/DocumentReference", str(answer["access_token"]), json=body)

    assert made.status_code == 422


async def test_fhir_requests_are_logged_for_programs(hospital: Hospital) -> None:
    token = await hospital.system_token(EVERYTHING)
    await hospital.fhir("GET", "/Patient/12880100", token)

    logged = (await hospital.web.get("/sandbox/requests")).json()

    assert logged[-1]["path"] == "/fhir/r4/sandbox/Patient/12880100"
    assert logged[-1]["client"] == "housecall-system"


async def test_every_answer_bears_an_id_for_support(hospital: Hospital) -> None:
    own = await hospital.web.get(f"{OPTIONS.fhir_base}/Patient/1")
    echoed = await hospital.web.get(f"{OPTIONS.fhir_base}/Patient/1", headers={"X-Request-Id": "mine"})

    assert own.headers["x-request-id"] == own.headers["opc-request-id"]
    assert echoed.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("markup", "status"),
    [
        ("<html><body><p>Chat of the visit</p></body></html>", 201),
        ("<html><body><p>Not closed</body></html>", 422),
        ('<html><body><img src="http://a.example/x.png"/></body></html>', 422),
    ],
)
async def test_a_note_in_html_must_be_xhtml_without_pictures(
    hospital: Hospital, markup: str, status: int
) -> None:
    answer = await hospital.tokens(scope="launch user/DocumentReference.write")
    body = note("12880100", str(answer["user"]), str(answer["encounter"]))
    data = base64.b64encode(markup.encode()).decode()
    body["content"] = [{"attachment": {"contentType": "text/html;charset=utf-8", "data": data}}]

    made = await hospital.fhir("POST", "/DocumentReference", str(answer["access_token"]), json=body)

    assert made.status_code == status
