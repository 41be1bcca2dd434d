"""The whole way with each kind of client, framed and as a page of its own, declared by the command."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import segno
from playwright.async_api import Browser, expect

from tests.stories.hospital import Parts
from tests.stories.theatre import Theatre

CLIENTS = {
    "public": ["--client-id", "housecall-public"],
    "symmetric": ["--client-id", "housecall-clinician", "--client-secret", "sandbox-clinician-secret"],
    "asymmetric": ["--client-id", "housecall-asymmetric", "--jwks"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parts() -> AsyncIterator[Parts]:
    running = await asyncio.to_thread(Parts().start)
    yield running
    await asyncio.to_thread(running.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


@pytest.mark.parametrize("kind", list(CLIENTS))
async def test_each_kind_of_client_leads_from_the_chart_into_the_call(
    parts: Parts, stage: Theatre, kind: str
) -> None:
    """The connection is declared anew while Housecall runs, and the next launch is made in the new way."""
    await asyncio.to_thread(parts.connect, *CLIENTS[kind])
    booked = parts.book()
    clinician, patient = await stage.clinician(), await stage.patient(booked)

    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.end()


async def test_with_a_key_and_no_secret_the_feed_finds_visits_and_texts_leave(
    parts: Parts, stage: Theatre
) -> None:
    """Backend services: launches and feed are one registration, and the only proof is our key."""
    both = ["--client-id", "housecall-asymmetric", "--jwks", "--system-client-id", "housecall-asymmetric"]
    await asyncio.to_thread(parts.connect, *both)
    booked = parts.book()
    patient, clinician = await stage.patient(booked), await stage.clinician()

    await patient.come_to_lobby()
    await clinician.open_panel(booked)

    await clinician.sees("waiting")


async def test_a_rotated_key_is_published_beside_the_old_one_and_launches_go_on(
    parts: Parts, stage: Theatre
) -> None:
    await asyncio.to_thread(parts.connect, *CLIENTS["asymmetric"])
    before = parts.http.get(f"{parts.url}/ehr/jwks.json").json()["keys"]

    made = await asyncio.to_thread(parts.rotate_key)
    after = parts.http.get(f"{parts.url}/ehr/jwks.json").json()["keys"]
    booked = parts.book()
    clinician = await stage.clinician()
    await clinician.open_panel(booked)

    assert [key["kid"] for key in after] == [made["kid"], *(key["kid"] for key in before)]
    assert (made["published"], made["retired"]) == (len(before) + 1, 0)


async def test_a_launch_as_a_page_of_its_own_leads_to_the_panel(parts: Parts, stage: Theatre) -> None:
    booked = parts.book()
    clinician = await stage.clinician()
    answer = parts.http.post(f"{parts.sandbox}/sandbox/launches", json={"patient": booked["patient"]})

    await clinician.page.goto(answer.json()["url"])

    await expect(clinician.page.get_by_test_id("patient-state")).to_have_attribute("data-state", "invited")


async def test_a_hand_over_opens_the_visit_in_a_browser_of_its_own(parts: Parts, stage: Theatre) -> None:
    booked = parts.book()
    clinician, elsewhere = await stage.clinician(), await stage.clinician()
    await clinician.open_panel(booked)
    frame = next(one for one in clinician.page.frames if one.url.startswith(parts.url))
    visit = await clinician.mark("visit-card").get_attribute("data-visit")
    made = await frame.evaluate(
        """(visit) => fetch(location.pathname + '/visits/' + visit + '/handover', {
             method: 'POST', body: '{}',
             headers: { 'X-Housecall': 'panel', 'Content-Type': 'application/json' } }).then((a) => a.json())""",
        visit,
    )

    await elsewhere.page.goto(made["url"])
    await elsewhere.page.get_by_role("button").click()
    await expect(elsewhere.page.get_by_test_id("visit-card")).to_have_attribute("data-visit", visit or "")

    other = await stage.clinician()
    await other.page.goto(made["url"])
    await other.page.get_by_role("button").click()
    await expect(other.page.locator("body")).to_contain_text("visits.handover_dead")


async def test_the_picture_beside_the_address_leads_to_the_same_visit(parts: Parts, stage: Theatre) -> None:
    """Read as a camera would: what is dark on the screen, module by module, is the code of the address shown."""
    booked = parts.book()
    clinician = await stage.clinician()
    await clinician.open_panel(booked)
    frame = next(one for one in clinician.page.frames if one.url.startswith(parts.url))
    await frame.evaluate("() => { window.open = () => null; }")

    await frame.get_by_role("button", name="own window").click()

    picture = frame.get_by_test_id("handover-picture").locator("svg")
    await expect(picture).to_be_visible()
    address = await frame.get_by_label("Address of the visit").input_value()
    path = await picture.locator("path").get_attribute("d")
    wanted = segno.make(address, error="m", micro=False)
    dark = [
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(wanted.matrix_iter(border=4))
        for x, module in enumerate(row)
        if module
    ]
    assert path == "".join(dark)
    assert address.startswith(f"{parts.url}/h/")
    colours = await picture.evaluate(
        "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).fill]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


def test_the_command_prints_exactly_one_json_object(parts: Parts) -> None:
    printed = parts.connect(*CLIENTS["symmetric"])

    assert set(printed) == {"id", "launch_url", "patient_launch_url", "redirect_url", "jwks_url"}
    assert json.loads(json.dumps(printed))["launch_url"] == f"{parts.url}/ehr/launch/{printed['id']}"


def test_the_command_names_the_clinic_for_everybody_who_reads(parts: Parts) -> None:
    parts.connect(
        *CLIENTS["symmetric"], "--clinic-name", "Lakeside Video Clinic", "--clinic-phone", "+13125550199",
        "--identity-reminder", "Ask for the birthday.",
    )  # fmt: skip
    booked = parts.book()

    text = parts.wait_for_text(booked["phone"])

    assert text["body"].startswith("Lakeside Video Clinic")
    page = parts.http.get(next(word for word in text["body"].split() if "/v/" in word))
    assert "tel:+13125550199" in page.text


def test_a_production_connection_is_switched_on_by_the_command(parts: Parts) -> None:
    ours = ["--client-id", "housecall-public", "--environment", "production", "--organisation", "other"]

    first = parts.connect(*ours)
    with pytest.raises(AssertionError, match=r"tenancy\.relay_missing"):
        parts.connect(*ours, "--go-live")
    again = parts.connect(*ours, "--go-live", "--without-relay")

    assert again["id"] == first["id"]
    begun = parts.http.get(f"{again['launch_url']}?iss={parts.sandbox}/fhir/r4/sandbox&launch=x")
    assert begun.status_code == 303


def test_an_address_that_is_no_fhir_server_is_refused_and_nothing_is_changed(parts: Parts) -> None:
    with pytest.raises(AssertionError, match=r"commands\.connection_refused"):
        parts.connect("--base-url", f"{parts.sandbox}/phone", *CLIENTS["symmetric"])
