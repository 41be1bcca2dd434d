"""The interface for programs, the way from the schedule to a launch, and the portal's sign-in."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from housecall.kit.clock import FakeClock
from housecall.sandbox.desk import free_patient
from housecall.sandbox.seed.days import seed
from housecall.sandbox.world import World
from tests.sandbox.hospital import CHALLENGE, NOW, OPTIONS, VERIFIER, Hospital, attribute


async def test_the_clinic_speaks_several_languages(hospital: Hospital) -> None:
    patients = (await hospital.web.get("/sandbox/patients")).json()

    assert len(patients) == 30
    assert {each["language"] for each in patients} == {"en", "da", "es", "ar", "so"}
    assert len((await hospital.web.get("/sandbox/practitioners")).json()) == 5
    assert len((await hospital.web.get("/sandbox/locations")).json()) == 3


async def test_a_booking_by_default_is_for_somebody_with_a_mobile_and_no_other_visit(
    hospital: Hospital,
) -> None:
    booked = [await hospital.book() for _ in range(30)]

    phones = [each["phone"] for each in booked]
    assert len({each["patient"] for each in booked}) == 30
    assert len(set(phones)) == 30
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", phone) for phone in phones)


async def test_people_made_when_the_clinic_runs_out_have_numbers_of_their_own() -> None:
    world = World(FakeClock(NOW))
    seed(world)

    for _ in range(500):
        patient = free_patient(world, NOW)
        patient.is_active = False

    numbers = [phone.number for each in world.record.patients.values() for phone in each.phones]
    assert len(numbers) == len(set(numbers))


async def test_an_appointment_moves_and_is_cancelled_in_new_versions(hospital: Hospital) -> None:
    booked = await hospital.book()
    path = f"/sandbox/appointments/{booked['id']}"

    moved = (await hospital.web.patch(path, json={"in_minutes": 60})).json()
    cancelled = (await hospital.web.patch(path, json={"status": "cancelled"})).json()

    assert moved["start"] == "2026-11-24T16:00:00+00:00"
    assert [moved["version"], cancelled["version"]] == ["2-1", "3-1"]
    assert cancelled["status"] == "cancelled"


async def test_the_schedule_leads_to_the_chart_and_the_tab_to_a_fresh_launch(hospital: Hospital) -> None:
    booked = await hospital.book()
    schedule = (await hospital.web.get("/")).text
    rows = attribute(schedule, "schedule-row", "data-appointment")

    chart = await hospital.web.get(attribute(schedule, "open-chart", "href")[rows.index(booked["id"])])
    tab = await hospital.web.get(attribute(chart.text, "housecall-tab", "href")[0])

    source = unescape(re.search(r'<iframe[^>]* src="([^"]+)"', tab.text)[1])  # type: ignore[index]
    query = parse_qs(urlsplit(source).query)
    assert source.startswith(f"{OPTIONS.housecall_url}/ehr/launch?")
    assert query["iss"] == [OPTIONS.fhir_base]
    assert (await hospital.tokens(launch=query["launch"][0]))["patient"] == booked["patient"]
    allowed = re.search(r'<iframe[^>]* allow="([^"]+)"', tab.text)[1]  # type: ignore[index]
    assert allowed == "camera; microphone; display-capture; autoplay; fullscreen; clipboard-write"
    assert "target=" not in "".join(
        re.findall(r'<a [^>]*data-testid="(?:open-chart|housecall-tab)"[^>]*>', schedule)
    )


async def test_the_launch_address_can_be_set(hospital: Hospital) -> None:
    await hospital.web.post("/sandbox/settings", json={"launch_url": "http://localhost:8000/ehr/launch/c_1"})

    page = (await hospital.web.get("/chart/12880100?tab=housecall")).text

    assert 'src="http://localhost:8000/ehr/launch/c_1?iss=' in page


async def test_the_desk_books_moves_and_cancels_through_the_pages(hospital: Hospital) -> None:
    form = {
        "patient": "12880122",
        "practitioner": "593102",
        "start": "2026-11-24T14:30",
        "minutes": "30",
        "video": "yes",
    }
    await hospital.web.post("/book", data=form)
    visit = (await hospital.web.get("/sandbox/appointments")).json()[-1]
    path = f"/appointments/{visit['id']}"

    await hospital.web.post(path, data={"deed": "move", "start": "2026-11-24T15:00"})
    back = await hospital.web.post(path, data={"deed": "cancel", "back": "//evil.example/"})

    shown = (await hospital.web.get(f"/sandbox/appointments/{visit['id']}")).json()
    assert visit["start"] == "2026-11-24T20:30:00+00:00"
    assert (shown["start"], shown["status"]) == ("2026-11-24T21:00:00+00:00", "cancelled")
    assert back.headers["location"] == "/"


async def test_the_patients_portal_begins_a_visit_with_a_launch_of_the_patients_own(
    hospital: Hospital,
) -> None:
    page = (await hospital.web.get("/patient?as=12880100")).text
    visit = attribute(page, "begin-visit", "data-appointment")[0]

    answer = await hospital.web.post("/patient/begin", data={"appointment": visit})

    where = urlsplit(answer.headers["location"])
    launch = parse_qs(where.query)["launch"][0]
    tokens = await hospital.tokens(launch=launch, scope="launch openid fhirUser patient/Appointment.read")
    assert where.path == "/ehr/patient/launch"
    assert tokens["patient"] == "12880100"


async def test_one_press_signs_in_for_the_portal(hospital: Hospital) -> None:
    form = {
        "response_type": "code",
        "client_id": "housecall-portal",
        "redirect_uri": f"{OPTIONS.housecall_url}/portal/callback",
        "scope": "openid profile",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page = (await hospital.web.get("/sign-in", params=form)).text
    back = await hospital.web.post("/sign-in", data=form | {"role": "auditor"})
    query = parse_qs(urlsplit(back.headers["location"]).query)
    exchange = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "redirect_uri": form["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    secret = ("housecall-portal", "sandbox-portal-secret")
    tokens = (await hospital.web.post("/idp/token", data=exchange, auth=secret)).json()
    again = await hospital.web.post("/idp/token", data=exchange, auth=secret)

    keys = KeySet.import_key_set((await hospital.web.get("/idp/jwks")).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert attribute(page, "sign-in-as", "data-role") == [
        "administrator",
        "reader",
        "auditor",
        "clinician",
    ]
    assert query["state"] == ["s"]
    assert (claims["roles"], claims["nonce"], claims["aud"]) == (["auditor"], "n", "housecall-portal")
    assert claims["iss"] == f"{OPTIONS.own_url}/idp"
    assert again.json()["error"] == "invalid_grant"


async def test_the_portals_sign_in_leads_nowhere_else(hospital: Hospital) -> None:
    form = {"response_type": "code", "client_id": "housecall-portal", "redirect_uri": "http://evil.example/"}

    assert (await hospital.web.get("/sign-in", params=form)).status_code == 400


async def test_people_can_be_planted(hospital: Hospital) -> None:
    form = {
        "given": "Zanzibar",
        "family": "Canary",
        "phone": "+13125550199",
        "email": "canary@mail.example",
        "birth_date": "1951-02-03",
    }

    patient = (await hospital.web.post("/sandbox/people", json=form)).json()
    clinician = await hospital.web.post(
        "/sandbox/people", json={"kind": "practitioner", "given": "A", "family": "B"}
    )

    assert patient["phone"] == "+13125550199"
    assert (await hospital.book(patient=patient["id"]))["phone"] == "+13125550199"
    assert clinician.status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"status": "dancing", "in_minutes": 5},
        {"in_minutes": 1e12},
        {"in_minutes": "soon"},
        {"in_minutes": True},
        {"status": 5},
    ],
)
async def test_a_change_that_cannot_be_made_whole_is_not_made_at_all(
    hospital: Hospital, change: dict[str, object]
) -> None:
    booked = await hospital.book()
    path = f"/sandbox/appointments/{booked['id']}"
    before = (await hospital.web.get(path)).json()

    answer = await hospital.web.patch(path, json=change)

    assert answer.status_code == 400
    assert (await hospital.web.get(path)).json() == before


@pytest.mark.parametrize("minutes", ["NaN", "Infinity", "-1e400"])
async def test_no_visit_is_booked_at_a_time_that_is_no_number(hospital: Hospital, minutes: str) -> None:
    answer = await hospital.web.post("/sandbox/appointments", content=f'{{"in_minutes": {minutes}}}')

    assert answer.status_code == 400


@pytest.mark.parametrize("midnight_h", [9, 15], ids=["in UTC", "at the clinic"])
async def test_a_default_booking_is_nobody_who_has_a_visit_within_a_day_even_over_midnight(
    hospital: Hospital, midnight_h: int
) -> None:
    before = await hospital.book(in_minutes=midnight_h * 60 - 30)

    after = [await hospital.book(in_minutes=midnight_h * 60 + step) for step in range(30)]

    assert before["patient"] not in {each["patient"] for each in after}


async def test_a_visit_in_person_is_booked_at_the_main_clinic(hospital: Hospital) -> None:
    video, office = await hospital.book(), await hospital.book(video=False)

    shown = [
        (await hospital.web.get(f"/sandbox/appointments/{each['id']}")).json() for each in (video, office)
    ]
    names = {each["id"]: each["name"] for each in (await hospital.web.get("/sandbox/locations")).json()}
    assert [names[each["location"]] for each in shown] == ["Prairie View Virtual Care", "Prairie View Main"]
