"""Whose manners the sandbox has: the words of a refusal, the ids, the schedule messages, the icons."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from housecall.kit.clock import FakeClock
from housecall.sandbox import sandbox_app
from housecall.sandbox.house import House
from housecall.sandbox.manners.epic import inward_id, outward_id
from housecall.sandbox.manners.registry import MANNERS
from housecall.sandbox.siu import Interface
from tests.sandbox.hospital import NOW, OPTIONS


@asynccontextmanager
async def sandbox(vendor: str) -> AsyncIterator[tuple[httpx.AsyncClient, House]]:
    options = replace(OPTIONS, vendor=vendor)
    nowhere = httpx.MockTransport(lambda request: httpx.Response(404))
    app = sandbox_app(options, clock=FakeClock(NOW), outward=nowhere)
    house: House = app.state.house
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=OPTIONS.own_url) as web:
        yield web, house
    await house.close()


async def token(web: httpx.AsyncClient, house: House, scope: str = "system/Appointment.read") -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    account = ("housecall-system", "sandbox-system-secret")
    answer = await web.post(house.options.token_url, data=form, auth=account)
    found: str = answer.json()["access_token"]
    return found


@pytest.mark.parametrize("vendor", list(MANNERS))
async def test_each_says_who_it_is_and_where_its_doors_are(vendor: str) -> None:
    async with sandbox(vendor) as (web, house):
        base = house.options.fhir_base
        smart = (await web.get(f"{base}/.well-known/smart-configuration")).json()
        statement = (await web.get(f"{base}/metadata")).json()
        issuer = (await web.get(f"{smart['issuer']}/.well-known/openid-configuration")).json()
        keys = (await web.get(smart["jwks_uri"])).json()["keys"]

    assert smart["token_endpoint"] == house.options.token_url
    assert statement["fhirVersion"] == "4.0.1"
    assert issuer["issuer"] == smart["issuer"]
    assert len(keys) >= 3


async def test_millennium_refuses_in_plain_text_and_the_others_with_an_outcome() -> None:
    said = {}
    for vendor in MANNERS:
        async with sandbox(vendor) as (web, house):
            answer = await web.get(f"{house.options.fhir_base}/Patient/1")
            said[vendor] = (answer.status_code, answer.headers["content-type"].partition(";")[0])

    assert said == {
        "millennium": (401, "text/plain"),
        "epic": (401, "application/fhir+json"),
        "generic": (401, "application/fhir+json"),
    }


async def test_epic_gives_no_system_token_for_a_secret_and_its_refusal_has_no_address() -> None:
    async with sandbox("epic") as (web, house):
        form = {"grant_type": "client_credentials", "scope": "system/Patient.read"}
        account = ("housecall-system", "sandbox-system-secret")
        answer = await web.post(house.options.token_url, data=form, auth=account)

    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": ""}


def test_epics_ids_lead_back_to_the_number_of_their_own_kind_only() -> None:
    ids = {outward_id(kind, "12880100") for kind in ("Appointment", "Patient", "Practitioner")}

    assert len(ids) == 3
    assert inward_id("Patient", outward_id("Patient", "12880100")) == "12880100"
    assert inward_id("Patient", outward_id("Appointment", "12880100")) == ""
    assert inward_id("Patient", "12880100") == ""


async def test_a_generic_server_searches_by_days_and_counts_its_pages() -> None:
    async with sandbox("generic") as (web, house):
        for _ in range(3):
            await web.post("/sandbox/appointments", json={"in_minutes": 10})
        headers = {"Authorization": f"Bearer {await token(web, house)}"}
        base = f"{house.options.fhir_base}/Appointment"
        page = (await web.get(f"{base}?date=ge{NOW:%Y-%m-%d}&_count=2", headers=headers)).json()
        unknown = await web.get(f"{base}?colour=blue", headers=headers)
        vague = await web.get(f"{base}?date=soon", headers=headers)

    assert page["total"] == 2
    assert {entry["search"]["mode"] for entry in page["entry"]} == {"match"}
    assert [link["relation"] for link in page["link"]] == ["self", "next"]
    assert (unknown.status_code, vague.status_code) == (400, 400)


async def test_a_generic_server_takes_the_status_by_patch_and_nothing_else() -> None:
    async with sandbox("generic") as (web, house):
        made = (await web.post("/sandbox/appointments", json={})).json()
        scope = "system/Appointment.read system/Appointment.write"
        headers = {"Authorization": f"Bearer {await token(web, house, scope)}", "If-Match": 'W/"1-1"'}
        headers["Content-Type"] = "application/json-patch+json"
        url = f"{house.options.fhir_base}/Appointment/{made['id']}"
        comment = b'[{"op": "replace", "path": "/comment", "value": "x"}]'
        status = b'[{"op": "replace", "path": "/status", "value": "arrived"}]'
        answers = [await web.patch(url, content=body, headers=headers) for body in (b"no", comment, status)]

    assert [answer.status_code for answer in answers] == [400, 422, 200]


async def test_what_the_desk_does_leaves_as_messages_in_their_order_until_they_are_taken() -> None:
    """The listener drops the first line and says AE once: nothing is lost, nothing overtakes."""
    taken: list[str] = []
    answers = iter([None, b"MSA|AE", *[b"MSA|AA"] * 9])

    async def listen(reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        while not reading.at_eof():
            try:
                frame = await reading.readuntil(b"\x1c\r")
            except asyncio.IncompleteReadError:
                break
            answer = next(answers)
            if answer is None:
                break
            if answer == b"MSA|AA":
                taken.append(frame.decode())
            writing.write(b"\x0bMSH|^~\\&\r" + answer + b"|1\r\x1c\r")
        writing.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with sandbox("epic") as (web, house):
        interface = Interface(house, server.sockets[0].getsockname()[1])
        house.world.tell = interface.tell
        sending = asyncio.create_task(interface.run())
        made = (await web.post("/sandbox/appointments", json={"in_minutes": 10})).json()
        path = f"/sandbox/appointments/{made['id']}"
        await web.patch(path, json={"in_minutes": 40})
        await web.patch(path, json={"status": "cancelled"})
        async with asyncio.timeout(10):
            while len(taken) < 3:  # noqa: ASYNC110 - the listener is the test's own
                await asyncio.sleep(0.01)
        sending.cancel()
    server.close()

    events = [message.split("|")[8] for message in taken]
    assert events == ["SIU^S12", "SIU^S13", "SIU^S15"]
    assert all(f"SCH|{made['id']}|{made['id']}|" in message for message in taken)
    assert len({message.split("|")[9] for message in taken}) == 3
    assert "|Booked\r" in taken[0]


async def test_the_schedule_shows_who_is_connected() -> None:
    async with sandbox("epic") as (web, house):
        made = (await web.post("/sandbox/appointments", json={"in_minutes": 10})).json()
        house.world.appointment(made["id"]).connected["patient"] = True

        page = (await web.get("/")).text

    assert 'data-testid="connected" data-who="patient" data-connected="yes"' in page
