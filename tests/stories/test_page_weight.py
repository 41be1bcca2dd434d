"""The patient's pages are light: somebody on a poor line gets all of them within a second or two."""

from tests.stories.demo import Demo
from tests.stories.theatre import Theatre
from tests.stories.weighing import Scales

# The bar for landing, tests, lobby and call together, compressed, headers included.
MOST_BYTES = 100_000


async def test_all_of_a_patients_pages_weigh_less_than_100_kb(demo: Demo, theatre: Theatre) -> None:
    """Arabic has the longest texts in bytes; the call is entered, used and left."""
    booked = demo.book(in_minutes=5, minutes=20)
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    scales = await Scales.under(patient.page, demo.url)
    await patient.page.goto(await patient.read_text() + "?lang=ar")
    await patient.press_start()
    await patient.enter_lobby()
    await clinician.open_panel(booked)
    await clinician.press("join-visit")
    await clinician.press("admit")
    await patient.is_in_call()
    await patient.mark("toggle-camera").click()
    await clinician.end()
    await patient.mark("visit-over").wait_for()

    kinds = {weight.kind for weight in scales.weights}
    plain = {one.path for one in scales.weights if one.path.startswith("/static/") and one.encoding != "gzip"}

    assert await patient.page.evaluate("document.documentElement.lang") == "ar"
    assert {"Document", "Redirect", "Script", "Stylesheet"} <= kinds
    assert plain == set()
    assert scales.total <= MOST_BYTES, scales.table()


async def test_pages_with_something_of_a_person_in_them_are_not_compressed(
    demo: Demo, theatre: Theatre
) -> None:
    """What the address says stands beside what is theirs: the length of both compressed would tell of it."""
    booked = demo.book(in_minutes=5, minutes=20)
    patient = await theatre.patient(booked)
    scales = await Scales.under(patient.page, demo.url)

    await patient.open_link()
    await patient.press_start()

    documents = [weight for weight in scales.weights if weight.kind == "Document"]
    assert len(documents) == 2
    assert {weight.encoding for weight in documents} == {""}
