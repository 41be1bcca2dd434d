"""Searching appointments: exactly one who, a closed or half-open when, and pages that repeat themselves."""

from typing import Any

import pytest

from tests.sandbox.hospital import OPTIONS, Hospital

WHEN = "date=ge2026-11-24T00:00:00Z&date=lt2026-11-25T12:00:00Z"


async def search(hospital: Hospital, query: str) -> tuple[int, Any]:
    token = await hospital.system_token("system/Appointment.read")
    answer = await hospital.fhir("GET", f"/Appointment?{query}", token)
    is_json = "json" in answer.headers["content-type"]
    return answer.status_code, answer.json() if is_json else answer.text


@pytest.mark.parametrize(
    "query",
    [
        WHEN,
        "practitioner=593101",
        f"practitioner=593101&patient=12880100&{WHEN}",
        f"practitioner=593101&practitioner=593102&{WHEN}",
        f"practitioner=&{WHEN}",
        "practitioner=593101&date=2026-11-24",
        "practitioner=593101&date=ge2026-11-24",
        "practitioner=593101&date=2026-11-24T00:00:00Z",
        "practitioner=593101&date=ge2026-11-24T00:00:00",
        "practitioner=593101&date=ge2026-99-24T00:00:00Z",
        "practitioner=593101&date=ge2026-11-24T00:00:00Z&date=ge2026-11-25T00:00:00Z",
        f"practitioner=593101&{WHEN}&date=lt2026-11-26T00:00:00Z",
        "practitioner=593101&date=ge2026-11-24T00:00:00Z&-date-or-req-period=lt2026-11-26T00:00:00Z",
        f"practitioner=593101&{WHEN}&_lastUpdated=ge2026-11-24T00:00:00Z",
        f"actor=Practitioner/593101&{WHEN}",
        f"practitioner=593101&{WHEN}&_include=Appointment:patient",
        f"practitioner=593101&{WHEN}&_count=0",
        f"practitioner=593101&{WHEN}&_count=many",
        "-pageContext=made-up",
    ],
)
async def test_a_search_against_the_rules_is_refused_in_plain_text(hospital: Hospital, query: str) -> None:
    status, body = await search(hospital, query)

    assert status == 400
    assert isinstance(body, str)


@pytest.mark.parametrize(
    "query",
    [
        "practitioner=593101,593102,593103&date=ge2026-11-24T00:00:00.000Z",
        "location=21304102&date=ge2026-11-24T00:00:00%2B00:00",
        "patient=Patient/12880100&date=ge2026-11-24T00:00Z",
        f"practitioner=593101&{WHEN}&status=booked,arrived&_count=10",
        "practitioner=593101&-date-or-req-period=ge2026-11-24T00:00:00Z",
    ],
)
async def test_a_search_by_the_rules_finds_appointments_sorted_by_start(
    hospital: Hospital, query: str
) -> None:
    status, body = await search(hospital, query)

    starts = [entry["resource"]["start"][:19] for entry in body["entry"]]
    assert status == 200
    assert starts == sorted(starts)
    assert "total" not in body
    assert "search" not in body["entry"][0]


async def test_an_empty_bundle_has_no_entry_at_all(hospital: Hospital) -> None:
    _, body = await search(hospital, "practitioner=593101&date=ge2031-01-01T00:00:00Z")

    assert "entry" not in body


async def test_status_narrows_the_search_and_date_leaves_out_proposed(hospital: Hospital) -> None:
    await hospital.book(patient="12880122", status="proposed")

    _, by_date = await search(hospital, f"patient=12880122&{WHEN}")
    _, by_either = await search(hospital, "patient=12880122&-date-or-req-period=ge2026-11-24T00:00:00Z")
    _, booked = await search(hospital, f"practitioner=593101&{WHEN}&status=noshow")

    assert "entry" not in by_date
    assert len(by_either["entry"]) == 1
    assert "entry" not in booked


async def test_ids_can_be_asked_for_alone_and_count_is_ignored(hospital: Hospital) -> None:
    first, second = await hospital.book(), await hospital.book()

    _, body = await search(hospital, f"_id={first['id']},{second['id']},999&_count=1")

    assert {entry["resource"]["id"] for entry in body["entry"]} == {first["id"], second["id"]}


async def test_the_next_page_shows_an_entry_again_in_its_newer_version(hospital: Hospital) -> None:
    visits = [await hospital.book(practitioner="593105", in_minutes=10 + step) for step in range(4)]
    token = await hospital.system_token("system/Appointment.read")
    when = "date=ge2026-11-24T15:00:00Z&date=lt2026-11-24T15:30:00Z"
    path = f"/Appointment?practitioner=593105&status=booked&{when}"

    first = (await hospital.fhir("GET", f"{path}&_count=2", token)).json()
    await hospital.web.patch(f"/sandbox/appointments/{visits[1]['id']}", json={"in_minutes": 12})
    link = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = (await hospital.fhir("GET", link.removeprefix(OPTIONS.fhir_base), token)).json()

    first_ids = [entry["resource"]["id"] for entry in first["entry"]]
    repeated = second["entry"][0]["resource"]
    assert first_ids == [visits[0]["id"], visits[1]["id"]]
    assert repeated["id"] == visits[1]["id"]
    assert repeated["meta"]["versionId"] != first["entry"][1]["resource"]["meta"]["versionId"]


async def test_following_the_links_shows_every_appointment(hospital: Hospital) -> None:
    visits = {(await hospital.book(practitioner="593105", in_minutes=step))["id"] for step in range(1, 12)}
    token = await hospital.system_token("system/Appointment.read")
    path = "/Appointment?practitioner=593105&date=ge2026-11-24T15:00:00Z&_count=3"

    seen: set[str] = set()
    while path:
        body = (await hospital.fhir("GET", path, token)).json()
        seen |= {entry["resource"]["id"] for entry in body["entry"]}
        links = [link["url"] for link in body["link"] if link["relation"] == "next"]
        path = links[0].removeprefix(OPTIONS.fhir_base) if links else ""

    assert visits <= seen


async def test_one_broken_record_fails_the_whole_bundle(hospital: Hospital) -> None:
    visit = await hospital.book()
    await hospital.web.post("/sandbox/settings", json={"broken_record": visit["id"]})

    status, body = await search(hospital, f"practitioner=593101&{WHEN}")

    assert status == 500
    assert body["issue"][0]["severity"] == "fatal"
    assert body["issue"][0]["location"]


async def test_a_patients_token_sees_its_own_appointments_only(hospital: Hospital) -> None:
    launch = await hospital.launch(persona="patient")
    answer = await hospital.tokens(
        launch=launch, scope="launch patient/Appointment.read patient/Patient.read"
    )
    token = str(answer["access_token"])
    other = await hospital.book()

    mine = (await hospital.fhir("GET", f"/Appointment?location=21304102&{WHEN}", token)).json()
    theirs = await hospital.fhir("GET", f"/Appointment/{other['id']}", token)
    stranger = await hospital.fhir("GET", "/Patient/12880101", token)

    patients = {
        each["actor"]["reference"]
        for entry in mine["entry"]
        for each in entry["resource"]["participant"]
        if each["actor"].get("reference", "").startswith("Patient/")
    }
    assert patients == {"Patient/12880100"}
    assert theirs.status_code == 404
    assert stranger.status_code == 403


async def test_a_patients_own_app_never_sees_a_sensitive_appointment(hospital: Hospital) -> None:
    hidden = await hospital.book(patient="12880100", in_minutes=60, sensitive=True)
    launch = await hospital.launch(persona="patient")
    answer = await hospital.tokens(launch=launch, scope="launch patient/Appointment.read")
    own, clinic = str(answer["access_token"]), await hospital.system_token("system/Appointment.read")
    path = f"/Appointment?patient=12880100&{WHEN}"

    seen = [
        {entry["resource"]["id"] for entry in (await hospital.fhir("GET", path, token)).json()["entry"]}
        for token in (own, clinic)
    ]

    assert [hidden["id"] in ids for ids in seen] == [False, True]
    assert (await hospital.fhir("GET", f"/Appointment/{hidden['id']}", own)).status_code == 404
    assert hidden["id"] not in (await hospital.web.get("/patient?as=12880100")).text
