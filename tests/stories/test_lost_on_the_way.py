"""Networks change and laptops sleep: everybody is found again, in the same place."""

from playwright.async_api import async_playwright, expect

from tests.stories.demo import Demo
from tests.stories.journeys import Road, a_laptop
from tests.stories.theatre import Theatre, frames_move, pixels_move


async def test_a_change_of_network_is_over_in_a_moment_in_the_lobby_and_in_the_call(
    demo: Demo, theatre: Theatre
) -> None:
    """The old line dies without a word; the page finds out by itself, and nobody is admitted twice."""
    booked = demo.book()
    clinician = await theatre.clinician()
    async with Road() as road:
        patient = await theatre.patient(booked, proxy=road.proxy)
        admitted: list[str] = []
        clinician.page.on("request", lambda one: admitted.append(one.url) if "/admit" in one.url else None)
        await clinician.open_panel(booked)
        await patient.come_to_lobby()
        await clinician.sees("waiting")

        road.leave()
        await patient.context.set_offline(True)
        banner = patient.page.locator("p.banner")
        await expect(banner).to_contain_text("You keep your place")
        road.arrive()
        await patient.context.set_offline(False)
        await expect(banner).to_be_hidden()
        await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
        await clinician.press("admit")
        await patient.is_in_call()
        await clinician.is_in_call()

        async with patient.page.expect_websocket() as connecting:
            await road.change(patient.context)
        await (await connecting.value).wait_for_event("framereceived")
        await clinician.sees("connected")
        assert await frames_move(patient)
        assert await frames_move(clinician)
        assert len(admitted) == 1
        await clinician.end()
        await expect(patient.mark("visit-over")).to_be_visible()
        await patient.close()


async def test_a_laptop_that_slept_in_the_call_goes_on_without_a_press(demo: Demo, theatre: Theatre) -> None:
    """The panel says since when nobody is there, and takes it back."""
    booked = demo.book()
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    async with async_playwright() as playwright, a_laptop(playwright) as laptop:
        elsewhere = Theatre(demo, laptop.browser)
        patient = await elsewhere.patient(booked)
        await patient.come_to_lobby()
        await clinician.press("admit")
        await patient.is_in_call()
        await clinician.is_in_call()

        laptop.sleep()
        lost = clinician.mark("visit-card").get_by_text("No picture or sound of the patient since")
        await expect(lost).to_be_visible()
        await clinician.sees("reconnecting")
        await expect(clinician.mark("visit-card")).to_contain_text("Connection lost since")
        laptop.wake()

        await clinician.sees("connected")
        await expect(clinician.mark("visit-card")).not_to_contain_text("Connection lost since")
        await patient.is_in_call()
        await clinician.is_in_call()
        assert await pixels_move(patient)
        assert await pixels_move(clinician)
        await clinician.end()
        await expect(patient.mark("visit-over")).to_be_visible()
        await elsewhere.close()
