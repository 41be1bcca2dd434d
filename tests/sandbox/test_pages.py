"""What the pages do when pressed: who is signed in, where a form leads back to, what they refuse."""

import re
from html import unescape

import pytest

from tests.sandbox.hospital import NOW, OPTIONS, Hospital, attribute

LATER = "2026-11-24T14:30"


async def test_the_clinician_signed_in_opens_every_chart(hospital: Hospital) -> None:
    visit = await hospital.book(practitioner="593101")
    chart = f"/chart/{visit['patient']}?appointment={visit['id']}"

    await hospital.web.post("/clinician", data={"clinician": "593104"})
    links = attribute((await hospital.web.get("/")).text, "open-chart", "href")
    tab = (await hospital.web.get(f"{chart}&tab=housecall")).text
    await hospital.web.post("/clinician", data={"clinician": ""})
    own = (await hospital.web.get(chart)).text

    assert {link.rpartition("as=")[2] for link in links} == {"593104"}
    launch = unescape(re.search(r"launch=([^&\"]+)", tab)[1])  # type: ignore[index]
    assert (await hospital.tokens(launch=launch))["user"] == "593104"
    assert "Signed in: Amara Okonjo, MD" in own


async def test_two_charts_side_by_side_belong_to_two_clinicians(hospital: Hospital) -> None:
    await hospital.web.post("/clinician", data={"clinician": "593104"})

    first = (await hospital.web.get("/chart/12880100?as=593101")).text
    second = (await hospital.web.get("/chart/12880101?as=593102")).text

    assert "Signed in: Amara Okonjo, MD" in first
    assert "Signed in: Per Lindqvist, MD" in second
    assert all("as=593101" in link for link in attribute(first, "housecall-tab", "href"))


async def test_nobody_unknown_signs_in(hospital: Hospital) -> None:
    assert (await hospital.web.post("/clinician", data={"clinician": "none"})).status_code == 404


async def test_a_form_in_renewed_rows_leads_back_to_the_whole_page(hospital: Hospital) -> None:
    """Rows fetched alone once led back to themselves: a page without its head."""
    part = (await hospital.web.get("/?clinician=593101&part=1")).text

    backs = {unescape(each) for each in re.findall(r'name="back" value="([^"]*)"', part)}

    assert backs == {"/?clinician=593101"}


async def test_a_page_and_its_renewed_part_are_the_same(hospital: Hospital) -> None:
    for path in ("/", "/phone", "/mail", "/?clinician=593101"):
        page = unescape((await hospital.web.get(path)).text)
        mark = re.search(r"data-mark='(\"\w+\")'", page)[1]  # type: ignore[index]
        separator = "&" if "?" in path else "?"

        again = await hospital.web.get(f"{path}{separator}part=1", headers={"If-None-Match": mark})

        assert again.status_code == 304, path


async def test_a_visit_booked_moved_and_cancelled_by_hand_reaches_the_fhir_server(hospital: Hospital) -> None:
    form = {"patient": "12880105", "practitioner": "593102", "start": LATER, "minutes": "30", "video": "yes"}
    token = await hospital.system_token("system/Appointment.read")

    booked = await hospital.web.post("/book", data=form)
    row = attribute(
        (await hospital.web.get(booked.headers["location"])).text, "schedule-row", "data-appointment"
    )
    visit = max(row, key=int)
    states = []
    for deed in ({"deed": "move", "start": "2026-11-24T15:00"}, {"deed": "cancel", "why": "Patient request"}):
        back = await hospital.web.post(f"/appointments/{visit}", data=deed | {"back": "/?clinician=593102"})
        shape = (await hospital.fhir("GET", f"/Appointment/{visit}", token)).json()
        states.append((shape["start"], shape["status"], shape["meta"]["versionId"]))

    assert states == [
        ("2026-11-24T21:00:00.000Z", "booked", "2-1"),
        ("2026-11-24T21:00:00.000Z", "cancelled", "3-1"),
    ]
    assert back.headers["location"] == "/?clinician=593102"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/book", {"patient": "none", "practitioner": "593101", "start": LATER}),
        ("/book", {"patient": "12880100", "practitioner": "593101", "start": "soon"}),
        ("/book", {"patient": "12880100", "practitioner": "593101", "start": "9999-12-31T23:59"}),
        ("/book", {"patient": "12880100", "practitioner": "593101", "start": LATER, "minutes": "99999"}),
        ("/appointments/none", {"deed": "cancel"}),
        ("/patient/begin", {"appointment": "none"}),
        ("/phone/reply", {"from": "+13125550110", "body": "Nobody wrote to me"}),
    ],
)
async def test_what_cannot_be_done_is_said_on_a_page_with_a_way_on(
    hospital: Hospital, path: str, form: dict[str, str]
) -> None:
    answer = await hospital.web.post(path, data=form, headers={"Accept": "text/html,*/*"})

    assert 400 <= answer.status_code < 500
    assert "That could not be done" in answer.text
    assert 'href="/"' in answer.text


async def test_a_chart_refuses_an_appointment_of_somebody_else(hospital: Hospital) -> None:
    visit = await hospital.book()

    for tab in ("summary", "housecall"):
        answer = await hospital.web.get(f"/chart/12880112?appointment={visit['id']}&tab={tab}")

        assert answer.status_code == 400


@pytest.mark.parametrize("day", ["2026-11-23", "2027-02-28", "9999-12-31", "0001-01-01", "yesterday"])
async def test_every_day_of_the_calendar_has_a_page(hospital: Hospital, day: str) -> None:
    assert (await hospital.web.get(f"/?day={day}")).status_code == 200


async def test_the_patient_portal_offers_each_coming_video_visit_soonest_first(hospital: Hospital) -> None:
    soon = await hospital.book(in_minutes=2)

    page = (await hospital.web.get("/patient")).text
    own = (await hospital.web.get(f"/patient?as={soon['patient']}")).text

    offered = attribute(page, "begin-visit", "data-appointment")
    assert offered[0] == soon["id"]
    assert len(offered) == len(set(offered)) > 4
    assert attribute(own, "begin-visit", "data-appointment") == [soon["id"]]


async def test_a_visit_of_yesterday_is_not_offered_to_the_patient(hospital: Hospital) -> None:
    old = await hospital.book(in_minutes=-24 * 60, patient="12880106")

    assert old["id"] not in (await hospital.web.get("/patient")).text
    assert "begin-visit" not in (await hospital.web.get(f"/patient?as={old['patient']}")).text


async def test_the_next_video_visit_is_marked_and_now_is_drawn(hospital: Hospital) -> None:
    page = (await hospital.web.get("/")).text

    marked = re.findall(r'<tr class="visit next"[^>]*data-appointment="(\d+)"', page)
    first = min(
        (
            each
            for each in hospital.house.world.record.appointments.values()
            if each.is_video and each.start > NOW
        ),
        key=lambda each: each.start,
    )
    assert marked == [first.id]
    assert page.index("Now 9:00 AM") < page.index(f'data-appointment="{first.id}"')


async def test_a_refused_launch_has_a_page_that_names_the_reason(hospital: Hospital) -> None:
    back = await hospital.authorize(launch="made-up<script>")

    page = (await hospital.web.get(back["error_uri"].removeprefix(OPTIONS.own_url))).text

    assert "invalid-launch-code" in page
    assert "<code>urn:sandbox:" in page
