"""What every EHR client promises: the one in memory, and the real one against the sandbox over HTTP."""

import asyncio
import contextlib
import html
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import (
    Appointment,
    AppointmentRef,
    AppointmentStatus,
    AuthorizationRequest,
    ClientKind,
    Clinician,
    EhrClient,
    EhrEndpoint,
    LaunchContext,
    LocationRef,
    Note,
    PatientRef,
    Person,
    PractitionerRef,
    Presence,
    RoomLinks,
    Vendor,
    Writing,
)
from housecall.ehr.errors import (
    AppointmentGone,
    ClinicianGone,
    EhrConflict,
    EhrRefused,
    EhrTokenExpired,
    FeedUnsupported,
    LaunchDenied,
    LaunchReplayed,
    PersonGone,
    ScopesMissing,
    WriteRefused,
    WriteUnsupported,
)
from housecall.ehr.keys import make_signing_key, public_jwk, public_jwks
from housecall.ehr.memory import MemoryEhr
from housecall.ehr.registry import client_for
from housecall.kit.clock import SystemClock
from housecall.sandbox.options import ADDRESSES


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for a process to listen, twenty seconds at most."""
    with httpx.Client(trust_env=False) as http:
        for _ in range(200):
            assert process.poll() is None, "the sandbox did not start"
            try:
                http.get(url).raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError("the sandbox does not answer")


@dataclass(frozen=True)
class Booked:
    """A video visit ten minutes from now."""

    ref: AppointmentRef
    patient: PatientRef
    practitioner: PractitionerRef
    phone: str


class House(Protocol):
    """An EHR with a client for it, and a hand inside it."""

    client: EhrClient
    back: str

    async def book(self, *, patient: PatientRef | None = None, video: bool = True) -> Booked: ...
    async def cancel(self, ref: AppointmentRef) -> None: ...
    async def launch(self, booked: Booked, persona: str) -> str: ...
    async def sign_in(self, request: AuthorizationRequest, booked: Booked) -> str: ...
    async def clinician_family_name(self, ref: PractitionerRef) -> str: ...
    async def lock(self, is_locked: bool) -> None: ...
    async def links(self, ref: AppointmentRef) -> dict[str, str]: ...
    async def notes(self, patient: PatientRef) -> list[str]: ...
    async def presences(self, booked: Booked) -> list[tuple[str, bool]]: ...
    def called(self, ref: AppointmentRef) -> str: ...


class MemoryHouse:
    """The twin in memory."""

    def __init__(self) -> None:
        self.client: MemoryEhr = MemoryEhr(SystemClock())
        self.back = "https://hc.example/ehr/callback"
        self._count = 0
        self._persona = "provider"
        for number in (1, 2):
            ref = PractitionerRef(f"c{number}")
            self.client.put_clinician(Clinician(ref, f"Hale{number} MD, Robin"))
        self.client.places[LocationRef("l1")] = "Prairie View Main"

    async def book(self, *, patient: PatientRef | None = None, video: bool = True) -> Booked:
        self._count += 1
        patient = patient or PatientRef(f"p{self._count}")
        booked = Booked(AppointmentRef(f"a{self._count}"), patient, PractitionerRef("c1"), "+13125550110")
        self.client.put_person(_person(patient, booked.phone))
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
        self.client.put_appointment(
            Appointment(
                ref=booked.ref,
                version="1",
                status=AppointmentStatus.booked,
                start=start,
                end=start + timedelta(minutes=20),
                patient=patient,
                practitioners=(booked.practitioner,),
                locations=(LocationRef("l1"),),
                is_virtual=video,
                service="Video visit" if video else "In person",
            )
        )
        return booked

    async def cancel(self, ref: AppointmentRef) -> None:
        known = await self.client.read_appointment(ref)
        self.client.put_appointment(replace(known, status=AppointmentStatus.cancelled, version="2"))

    async def launch(self, booked: Booked, persona: str) -> str:
        self._persona = persona
        return "launch-code"

    async def sign_in(self, request: AuthorizationRequest, booked: Booked) -> str:
        user = booked.practitioner if self._persona == "provider" else booked.patient
        encounter = f"e-{booked.ref}"
        return self.client.approve(request, user=user, patient=booked.patient, encounter=encounter)

    async def clinician_family_name(self, ref: PractitionerRef) -> str:
        return "Hale1"

    async def lock(self, is_locked: bool) -> None:
        self.client.conflicts = 1000 if is_locked else 0

    async def links(self, ref: AppointmentRef) -> dict[str, str]:
        found = self.client.links.get(ref)
        return {"patient": found.patient_url, "clinician": found.clinician_url} if found else {}

    def called(self, ref: AppointmentRef) -> str:
        return ref

    async def presences(self, booked: Booked) -> list[tuple[str, bool]]:
        told = [one for ref, one in self.client.presences if ref == booked.ref]
        return [(one.user or "patient", one.is_connected) for one in told]

    async def notes(self, patient: PatientRef) -> list[str]:
        return [note.text for note in self.client.notes if note.patient == patient]


class SandboxHouse:
    """The sandbox over HTTP, through the real client."""

    def __init__(self, url: str, client: EhrClient, *, back: str) -> None:
        self.back = back
        self._http = httpx.AsyncClient(base_url=url, trust_env=False)
        self.client = client
        # By the ids that FHIR shows, how the hospital calls it.
        self._own: dict[str, str] = {}

    async def book(self, *, patient: PatientRef | None = None, video: bool = True) -> Booked:
        wish: dict[str, Any] = {"in_minutes": 10, "minutes": 20, "video": video}
        if patient:
            wish["patient"] = self._own[patient]
        made = (await self._http.post("/sandbox/appointments", json=wish)).raise_for_status().json()
        shown = made["fhir"]
        self._own |= {shown["appointment"]: made["id"], shown["patient"]: made["patient"]}
        self._own[shown["practitioner"]] = made["practitioner"]
        return Booked(
            AppointmentRef(shown["appointment"]),
            PatientRef(shown["patient"]),
            PractitionerRef(shown["practitioner"]),
            made["phone"],
        )

    async def cancel(self, ref: AppointmentRef) -> None:
        path = f"/sandbox/appointments/{self._own[ref]}"
        (await self._http.patch(path, json={"status": "cancelled"})).raise_for_status()

    async def launch(self, booked: Booked, persona: str) -> str:
        wish = {"patient": self._own[booked.patient], "practitioner": self._own[booked.practitioner]}
        wish["persona"] = persona
        made = (await self._http.post("/sandbox/launches", json=wish)).raise_for_status().json()
        return str(made["launch"])

    async def sign_in(self, request: AuthorizationRequest, booked: Booked) -> str:
        answer = await self._http.get(request.url)
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == [request.state]
        return back["code"][0]

    async def clinician_family_name(self, ref: PractitionerRef) -> str:
        everybody = (await self._http.get("/sandbox/practitioners")).json()
        return str(next(one["family"] for one in everybody if one["id"] == self._own[ref]))

    def called(self, ref: AppointmentRef) -> str:
        return self._own[ref]

    async def presences(self, booked: Booked) -> list[tuple[str, bool]]:
        told = (await self._http.get("/sandbox/presences")).json()
        own = {self._own[booked.practitioner]: booked.practitioner}
        mine = [one for one in told if one["appointment"] == self._own[booked.ref]]
        return [(own.get(one["who"], one["who"]), one["connected"]) for one in mine]

    async def lock(self, is_locked: bool) -> None:
        wish = {"patch_fault": "locked" if is_locked else "none"}
        (await self._http.post("/sandbox/settings", json=wish)).raise_for_status()

    async def links(self, ref: AppointmentRef) -> dict[str, str]:
        shape = await self.read("Appointment", ref)
        rooms = [room for room in shape["contained"] if "telecom" in room]
        names = {"Patient Virtual Meeting Room": "patient", "Provider Virtual Meeting Room": "clinician"}
        return {names[room["type"][0]["text"]]: room["telecom"][0]["value"] for room in rooms}

    async def notes(self, patient: PatientRef) -> list[str]:
        page = (await self._http.get(f"/chart/{patient}?tab=documents")).text
        return [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", page, re.S)]

    async def read(self, kind: str, ref: str) -> Any:
        """A record as the sandbox shows it to the system account."""
        form = {"grant_type": "client_credentials", "scope": f"system/{kind}.read"}
        account = ("housecall-system", "sandbox-system-secret")
        where = "/auth/tenants/sandbox/protocols/oauth2/profiles/smart-v1/token"
        token = (await self._http.post(where, data=form, auth=account)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
        return (await self._http.get(f"/fhir/r4/sandbox/{kind}/{ref}", headers=headers)).json()

    async def close(self) -> None:
        await self._http.aclose()
        await self.client.close()


KEY = make_signing_key("RS384")


@contextlib.contextmanager
def running(vendor: str, housecall: str) -> Iterator[str]:
    """The sandbox as a process of its own, with that vendor's manners."""
    port = free_port()
    command = [sys.executable, "-m", "housecall.sandbox", "--port", str(port), "--vendor", vendor]
    command += ["--housecall", housecall]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HOUSECALL_")}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        until_answers(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def published_keys() -> Iterator[str]:
    """An address at which our key set is found, as Housecall publishes it."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(public_jwks([public_jwk(KEY)])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Callable[[str], tuple[str, str]]]:
    """Per vendor a sandbox with its manners, started when first asked for; and where it takes Housecall to be."""
    with contextlib.ExitStack() as stack:
        started: dict[str, str] = {}
        housecall = stack.enter_context(published_keys())

        def get(vendor: str) -> tuple[str, str]:
            if vendor not in started:
                started[vendor] = stack.enter_context(running(vendor, housecall))
            return started[vendor], housecall

        yield get


SECRET = {
    "client_kind": ClientKind.symmetric,
    "client_id": "housecall-clinician",
    "client_secret": "sandbox-clinician-secret",
}
PUBLIC = {"client_kind": ClientKind.public, "client_id": "housecall-public"}
SYSTEM = {"system_client_id": "housecall-system", "system_client_secret": "sandbox-system-secret"}
BY_KEY = {"system_client_id": "housecall-asymmetric", "signing_key": KEY}
HOUSES: dict[str, dict[str, Any]] = {
    "confidential": {"vendor": Vendor.millennium, **SECRET, **SYSTEM},
    "public": {"vendor": Vendor.millennium, **PUBLIC, **SYSTEM},
    "epic": {"vendor": Vendor.epic, **SECRET, **BY_KEY},
    "generic": {"vendor": Vendor.generic, **SECRET, **SYSTEM},
}


def only(*names: str) -> pytest.MarkDecorator:
    """Those that have what the promise is about; the others refuse it, in a test of its own."""
    return pytest.mark.parametrize("house", names, indirect=True)


takes_links = only("memory", "confidential", "public")
takes_status = only("memory", "confidential", "public", "generic")
takes_presence = only("memory", "epic")
lists_a_clinic = only("memory", "confidential", "public", "generic")
renews = only("memory", "confidential", "public", "generic")


@pytest.fixture(params=["memory", *HOUSES])
async def house(
    request: pytest.FixtureRequest, sandboxes: Callable[[str], tuple[str, str]]
) -> AsyncIterator[House]:
    """Each EHR in turn."""
    if request.param == "memory":
        yield MemoryHouse()
        return
    wanted = HOUSES[request.param]
    url, housecall = await asyncio.to_thread(sandboxes, str(wanted["vendor"]))
    base = url + ADDRESSES[str(wanted["vendor"])].fhir
    endpoint = EhrEndpoint(connection_id="c_contract", base_url=base, writes_back=True, **wanted)
    client = client_for(endpoint, clock=SystemClock(), network=NetworkRules.from_setting(("true",)))
    found = SandboxHouse(url, client, back=f"{housecall}/ehr/callback")
    yield found
    await found.close()


async def launched(house: House, booked: Booked, persona: str = "practitioner") -> LaunchContext:
    """A whole launch."""
    back = house.back if persona == "practitioner" else house.back.replace("/ehr/", "/ehr/patient/")
    code = await house.launch(booked, "provider" if persona == "practitioner" else "patient")
    request = await house.client.begin_launch(launch=code, redirect_url=back, persona=persona)
    return await house.client.finish_launch(
        code=await house.sign_in(request, booked),
        redirect_url=back,
        code_verifier=request.code_verifier,
        nonce=request.nonce,
        persona=persona,
    )


def around_now(hours: int = 2) -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"start": now - timedelta(hours=hours), "end": now + timedelta(hours=hours)}


async def test_the_configuration_names_what_a_launch_needs(house: House):
    found = await house.client.discover()

    assert found.authorization_endpoint
    assert found.token_endpoint
    assert "S256" in found.code_challenge_methods


async def test_a_clinicians_launch_tells_who_about_whom(house: House):
    booked = await house.book()

    context = await launched(house, booked)

    assert (context.user, context.patient, context.persona) == (
        booked.practitioner,
        booked.patient,
        "practitioner",
    )
    assert context.tokens.user == booked.practitioner
    assert context.missing_scopes == frozenset()
    assert context.tokens.expires_at > datetime.now(UTC)


async def test_a_patients_launch_tells_the_patient(house: House):
    booked = await house.book()

    context = await launched(house, booked, persona="patient")

    assert (context.user, context.patient, context.user_type) == (booked.patient, booked.patient, "Patient")
    assert (await house.client.read_appointment(booked.ref, tokens=context.tokens)).patient == booked.patient


async def test_a_code_is_good_for_one_exchange(house: House):
    booked = await house.book()
    launch = await house.launch(booked, "provider")
    request = await house.client.begin_launch(launch=launch, redirect_url=house.back)
    exchange = {
        "code": await house.sign_in(request, booked),
        "redirect_url": house.back,
        "code_verifier": request.code_verifier,
        "nonce": request.nonce,
    }
    await house.client.finish_launch(**exchange)

    with pytest.raises(LaunchReplayed):
        await house.client.finish_launch(**exchange)


@pytest.mark.parametrize("wrong", ["code", "code_verifier", "redirect_url"])
async def test_a_code_is_good_only_with_all_that_belongs_to_it(house: House, wrong: str):
    booked = await house.book()
    launch = await house.launch(booked, "provider")
    request = await house.client.begin_launch(launch=launch, redirect_url=house.back)
    exchange = {
        "code": await house.sign_in(request, booked),
        "redirect_url": house.back,
        "code_verifier": request.code_verifier,
        "nonce": request.nonce,
    }

    with pytest.raises(LaunchReplayed):
        await house.client.finish_launch(**exchange | {wrong: "https://hc.example/another"})


async def test_a_foreign_nonce_refuses_the_launch(house: House):
    booked = await house.book()
    launch = await house.launch(booked, "provider")
    request = await house.client.begin_launch(launch=launch, redirect_url=house.back)

    with pytest.raises(LaunchDenied):
        await house.client.finish_launch(
            code=await house.sign_in(request, booked),
            redirect_url=house.back,
            code_verifier=request.code_verifier,
            nonce="another",
        )


@renews
async def test_tokens_are_refreshed_once_and_shared(house: House):
    tokens = (await launched(house, await house.book())).tokens

    first = await house.client.refresh(tokens, active_for=timedelta(seconds=3))
    second = await house.client.refresh(tokens)

    assert first.access_token != tokens.access_token
    assert second.access_token == first.access_token
    assert (first.user, first.refresh_token is None) == (tokens.user, False)


async def test_without_a_refresh_token_the_session_ends(house: House):
    tokens = (await launched(house, await house.book())).tokens

    with pytest.raises(EhrTokenExpired):
        await house.client.refresh(replace(tokens, refresh_token=None))


async def test_an_appointment_is_read_by_the_system_and_by_the_person(house: House):
    booked = await house.book()
    context = await launched(house, booked)

    by_system = await house.client.read_appointment(booked.ref)
    by_person = await house.client.read_appointment(booked.ref, tokens=context.tokens)

    assert by_system == by_person
    assert (by_system.patient, by_system.status) == (booked.patient, AppointmentStatus.booked)
    assert by_system.practitioners == (booked.practitioner,)
    assert by_system.is_virtual
    assert by_system.start is not None
    assert by_system.end is not None
    assert by_system.end - by_system.start == timedelta(minutes=20)


async def test_a_visit_in_person_is_not_virtual(house: House):
    booked = await house.book(video=False)

    assert not (await house.client.read_appointment(booked.ref)).is_virtual


async def test_a_cancelled_appointment_has_another_status_and_version(house: House):
    booked = await house.book()
    before = await house.client.read_appointment(booked.ref)

    await house.cancel(booked.ref)
    after = await house.client.read_appointment(booked.ref)

    assert after.status is AppointmentStatus.cancelled
    assert after.version != before.version


async def test_several_appointments_are_read_at_once_and_unknown_ones_left_out(house: House):
    refs = [(await house.book()).ref for _ in range(3)]

    found = await house.client.read_appointments([*refs, AppointmentRef("99999999")])

    assert set(found) == set(refs)
    assert all(found[ref].ref == ref for ref in refs)


async def test_a_patients_appointments_are_found_in_the_window_only(house: House):
    booked = await house.book()
    other = await house.book()
    tokens = (await launched(house, booked)).tokens

    found = await house.client.find_appointments_of_patient(booked.patient, **around_now(), tokens=tokens)
    later = await house.client.find_appointments_of_patient(
        booked.patient,
        start=datetime.now(UTC) + timedelta(minutes=11),
        end=datetime.now(UTC) + timedelta(minutes=12),
        tokens=tokens,
    )

    assert booked.ref in [one.ref for one in found]
    assert other.ref not in [one.ref for one in found]
    assert booked.ref not in [one.ref for one in later]
    assert [one.start for one in found] == sorted(one.start for one in found if one.start)


@lists_a_clinic
async def test_a_clinics_window_lists_its_appointments_without_faults(house: House):
    booked = [await house.book() for _ in range(3)]

    page = await house.client.list_appointments(practitioners=[booked[0].practitioner], **around_now())

    assert {one.ref for one in booked} <= {one.ref for one in page.appointments}
    assert all(booked[0].practitioner in one.practitioners for one in page.appointments)
    assert page.faults == []
    assert page.requests >= 1


@lists_a_clinic
async def test_a_window_of_a_place_lists_its_appointments(house: House):
    booked = await house.book()
    (place, *_) = (await house.client.read_appointment(booked.ref)).locations

    page = await house.client.list_appointments(locations=[place], **around_now())

    assert booked.ref in [one.ref for one in page.appointments]


@lists_a_clinic
async def test_nobody_has_appointments_in_an_empty_window(house: House):
    booked = await house.book()
    at = datetime.now(UTC) + timedelta(days=900)

    page = await house.client.list_appointments(
        practitioners=[booked.practitioner], start=at, end=at + timedelta(hours=1)
    )

    assert page.appointments == []


async def test_a_person_is_read_with_the_number_to_text(house: House):
    booked = await house.book()

    person = await house.client.read_person(booked.patient)

    assert (person.ref, person.sms_number, person.sms_refusal) == (booked.patient, booked.phone, None)
    assert person.display_name
    assert person.language


async def test_people_are_read_at_once_and_unknown_ones_left_out(house: House):
    refs = [(await house.book()).patient for _ in range(3)]

    people = await house.client.read_people([*refs, PatientRef("99999999")])

    assert set(people) == set(refs)
    assert all(people[ref].ref == ref for ref in refs)


async def test_a_clinician_is_read_and_found_by_the_beginning_of_the_name(house: House):
    booked = await house.book()
    tokens = (await launched(house, booked)).tokens
    family = await house.clinician_family_name(booked.practitioner)

    one = await house.client.read_clinician(booked.practitioner, tokens=tokens)
    found = await house.client.search_clinicians(family[:4], tokens=tokens)

    assert family in one.display_name
    assert booked.practitioner in [clinician.ref for clinician in found]
    assert await house.client.search_clinicians("x", tokens=tokens) == []


async def test_a_place_is_found_by_the_beginning_of_a_word_of_its_name(house: House):
    booked = await house.book()
    (place,) = (await house.client.read_appointment(booked.ref)).locations

    found = await house.client.search_places("Prai")

    assert found[place].startswith("Prairie View")
    assert await house.client.search_places("nowhere") == {}
    assert await house.client.search_places("P") == {}


async def test_what_does_not_exist_is_said_by_kind(house: House):
    with pytest.raises(AppointmentGone):
        await house.client.read_appointment(AppointmentRef("99999999"))
    with pytest.raises(PersonGone):
        await house.client.read_person(PatientRef("99999999"))
    with pytest.raises(ClinicianGone):
        await house.client.read_clinician(PractitionerRef("99999999"))


def some_links(**changed: Any) -> RoomLinks:
    at = datetime.now(UTC).replace(microsecond=0)
    links = RoomLinks(
        "https://hc.example/ehr/launch/c1", "https://hc.example/v/abc", at, at + timedelta(hours=1)
    )
    return replace(links, **changed)


def a_note(booked: Booked, context: LaunchContext, **changed: Any) -> Note:
    at = datetime.now(UTC) - timedelta(minutes=20)
    note = Note(
        patient=booked.patient,
        author=booked.practitioner,
        encounter=context.encounter or "",
        title="Video visit summary",
        text=f"Visit {booked.ref}",
        start=at,
        end=at + timedelta(minutes=15),
    )
    return replace(note, **changed)


@takes_links
async def test_links_are_written_each_in_its_role_and_replaced_later(house: House):
    booked = await house.book()
    first = some_links()

    await house.client.write_links(booked.ref, first)
    written = await house.links(booked.ref)
    await house.client.write_links(booked.ref, replace(first, patient_url="https://hc.example/v/def"))
    replaced = await house.links(booked.ref)

    assert written == {"clinician": first.clinician_url, "patient": first.patient_url}
    assert replaced == {"clinician": first.clinician_url, "patient": "https://hc.example/v/def"}


@takes_links
async def test_links_that_stand_already_are_left_alone(house: House):
    booked = await house.book()
    links = some_links()
    await house.client.write_links(booked.ref, links)
    before = (await house.client.read_appointment(booked.ref)).version

    await house.client.write_links(booked.ref, links)

    assert (await house.client.read_appointment(booked.ref)).version == before


@takes_links
async def test_links_are_refused_where_they_cannot_be(house: House):
    in_person, booked = await house.book(video=False), await house.book()

    with pytest.raises(WriteRefused):
        await house.client.write_links(in_person.ref, some_links())
    with pytest.raises(WriteRefused):
        await house.client.write_links(booked.ref, some_links(patient_url="https://hc.example/" + "x" * 250))
    with pytest.raises(AppointmentGone):
        await house.client.write_links(AppointmentRef("99999999"), some_links())
    assert await house.links(booked.ref) == {}


@takes_links
async def test_a_record_that_is_locked_is_a_conflict_and_another_try_works(house: House):
    booked = await house.book()
    await house.lock(True)

    with pytest.raises(EhrConflict) as refusal:
        await house.client.write_links(booked.ref, some_links())
    await house.lock(False)
    await house.client.write_links(booked.ref, some_links())

    assert refusal.value.retryable
    assert len(await house.links(booked.ref)) == 2


@takes_status
async def test_a_booked_appointment_becomes_arrived_and_stays_so(house: House):
    booked = await house.book()

    await house.client.write_status(booked.ref, AppointmentStatus.arrived)
    first = await house.client.read_appointment(booked.ref)
    await house.client.write_status(booked.ref, AppointmentStatus.arrived)
    second = await house.client.read_appointment(booked.ref)

    assert first.status is AppointmentStatus.arrived
    assert second == first


@takes_status
async def test_a_status_never_goes_back(house: House):
    booked = await house.book()
    await house.client.write_status(booked.ref, AppointmentStatus.checked_in)

    await house.client.write_status(booked.ref, AppointmentStatus.arrived)

    found = await house.client.read_appointment(booked.ref)
    assert found.status is AppointmentStatus.checked_in


@takes_status
async def test_a_cancelled_appointment_cannot_become_arrived(house: House):
    booked = await house.book()
    await house.cancel(booked.ref)

    with pytest.raises(WriteRefused):
        await house.client.write_status(booked.ref, AppointmentStatus.arrived)


@takes_links
async def test_a_note_is_in_the_chart_by_the_clinician_and_is_found_there(house: House):
    booked = await house.book()
    context = await launched(house, booked)
    note = a_note(booked, context)

    before = await house.client.has_note(note, tokens=context.tokens)
    await house.client.file_note(note, tokens=context.tokens)

    assert not before
    assert await house.client.has_note(note, tokens=context.tokens)
    assert not await house.client.has_note(replace(note, end=note.start), tokens=context.tokens)
    assert note.text in await house.notes(booked.patient)


@takes_links
@pytest.mark.parametrize(
    "wrong", [{"author": "99999999"}, {"encounter": "99999999"}, {"patient": "99999999"}]
)
async def test_a_note_of_somebody_else_or_elsewhere_is_refused(house: House, wrong: dict[str, str]):
    booked = await house.book()
    context = await launched(house, booked)

    with pytest.raises(WriteRefused):
        await house.client.file_note(a_note(booked, context, **wrong), tokens=context.tokens)
    assert await house.notes(booked.patient) == []


@takes_links
async def test_a_patients_access_files_no_note_and_what_is_missing_is_named(house: House):
    booked = await house.book()
    context = await launched(house, booked)
    patients = await launched(house, booked, persona="patient")

    with pytest.raises(ScopesMissing) as refusal:
        await house.client.file_note(a_note(booked, context), tokens=patients.tokens)
    assert "user/DocumentReference.write" in refusal.value.missing
    assert "user/DocumentReference.write" in refusal.value.sentence


@takes_presence
async def test_who_is_in_the_visit_is_shown_in_the_order_it_was_told(house: House):
    booked = await house.book()
    clinician = booked.practitioner

    await house.client.write_presence(booked.ref, Presence(None, is_connected=True))
    await house.client.write_presence(booked.ref, Presence(clinician, is_connected=True))
    await house.client.write_presence(booked.ref, Presence(None, is_connected=False))

    assert await house.presences(booked) == [("patient", True), (clinician, True), ("patient", False)]


@takes_presence
async def test_presence_is_refused_where_it_cannot_be(house: House):
    in_person = await house.book(video=False)

    with pytest.raises(EhrRefused):
        await house.client.write_presence(in_person.ref, Presence(None, is_connected=True))
    with pytest.raises(AppointmentGone):
        await house.client.write_presence(AppointmentRef("99999999"), Presence(None, is_connected=True))
    assert await house.presences(in_person) == []


async def test_what_a_message_calls_an_appointment_leads_to_it(house: House):
    booked = await house.book()
    name = house.called(booked.ref)

    found = await house.client.find_told(name)

    assert found == booked.ref


async def test_what_an_ehr_does_not_take_it_refuses_before_anything_is_sent(house: House):
    booked = await house.book()
    writes = house.client.writes
    context = await launched(house, booked)
    acts: dict[Writing, Callable[[], Awaitable[None]]] = {
        Writing.links: lambda: house.client.write_links(booked.ref, some_links()),
        Writing.status: lambda: house.client.write_status(booked.ref, AppointmentStatus.arrived),
        Writing.presence: lambda: house.client.write_presence(booked.ref, Presence(None, is_connected=True)),
        Writing.notes: lambda: house.client.file_note(a_note(booked, context), tokens=context.tokens),
    }

    for what in set(Writing) - writes:
        with pytest.raises(WriteUnsupported):
            await acts[what]()

    assert set(acts) == set(Writing)


@only("epic")
async def test_an_ehr_that_lists_no_clinic_says_so(house: House):
    with pytest.raises(FeedUnsupported):
        await house.client.list_appointments(**around_now())


@only("generic")
async def test_an_ehr_that_needs_no_actor_lists_everybodys_appointments(house: House):
    booked = [await house.book() for _ in range(3)]

    page = await house.client.list_appointments(**around_now())

    assert {one.ref for one in booked} <= {one.ref for one in page.appointments}


def _person(ref: PatientRef, phone: str) -> Person:
    return Person(
        ref=ref,
        display_name="DOE, ADA",
        birth_date=date(1976, 4, 29),
        is_deceased=False,
        is_active=True,
        replaced_by=None,
        language="en",
        sms_number=phone,
        sms_refusal=None,
        email=None,
        email_refusal="no_email",
    )
