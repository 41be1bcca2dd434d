"""Where a connection's visits are held: rooms of our own or Teams, with its certificate, its people and a live test."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Request, UploadFile
from starlette.responses import Response

from housecall.kit.errors import HousecallError, Overtaken
from housecall.kit.findings import Finding
from housecall.meetings.errors import CertificateInvalid, MeetingRefused
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.certificate import make_certificate, read_certificate
from housecall.meetings.teams.checks import check_teams, permissions_for, policy_commands
from housecall.meetings.teams.clouds import cloud_named
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.meeting_keys import add_key, keys_of, swap_keys
from housecall.tenancy.meetings import TeamsDirectory, save_meetings
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_people import find_any_object_id, list_directory_people
from housecall.tenancy.tables import Connection
from housecall.visits.organisers import map_person, unmap_person
from housecall.web import meetings_form as forms
from housecall.web.answers import FORM_FAULTY, FORM_OVERTAKEN, go_to
from housecall.web.audience import Audience
from housecall.web.house import House, house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_connection import HERE
from housecall.web.setup_steps import show_step

routes = Audience("setup of meetings", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]
Typed = Annotated[str, Form(max_length=200)]
MEETINGS: Final = HERE + "/meetings"
# One PEM with a key of 4096 bits and its chain is a tenth of this.
_LARGEST_PEM: Final = 64 * 1024
_TEST_WITHIN_S: Final = 45.0


@routes.get(MEETINGS)
async def meetings(request: Request, connection_id: str, person: Administrator, saved: str = "") -> Response:
    """Where visits are held, as it stands; ``saved`` says what has just been done."""
    return await _page(request, person, connection_id, saved=saved)


@routes.post(MEETINGS)
async def save(
    request: Request, connection_id: str, person: Administrator, form: Annotated[forms.MeetingsForm, Form()]
) -> Response:
    """Visits found from now on are held as typed; or the form again, with what is to mend."""
    house = house_of(request)
    connection = await _connection(house, person, connection_id)
    read = forms.read_form(form, has_key=connection.meeting_key_sealed is not None)
    if read.faults:
        return await _page(request, person, connection_id, form=form, faults=read.faults, status=FORM_FAULTY)
    try:
        async with house.database.work() as work:
            await save_meetings(
                work, person.org_id, connection_id, read.service, read.choice,
                before=form.before, clock=house.clock, by=person.by,
            )  # fmt: skip
    except MeetingRefused as refused:
        faults = {"tenant": refused.sentence}
        return await _page(request, person, connection_id, form=form, faults=faults, status=FORM_FAULTY)
    except Overtaken:
        connection = await _connection(house, person, connection_id)
        stands = forms.what_stands(form, connection)
        form.before = forms.form_of(connection).before
        return await _page(
            request, person, connection_id, form=form, faults=stands, is_stale=True, status=FORM_OVERTAKEN
        )
    return _back(connection_id, "choice")


@routes.post(MEETINGS + "/certificate")
async def certificate(
    request: Request,
    connection_id: str,
    person: Administrator,
    deed: Typed = "",
    pem: UploadFile | None = None,
) -> Response:
    """A certificate was made here, uploaded, or put in use; the private half is sealed and never shown."""
    house = house_of(request)
    known: dict[str, Any] = {"sealer": house.sealer, "clock": house.clock, "by": person.by}
    try:
        if deed == "use":
            async with house.database.work() as work:
                await swap_keys(work, person.org_id, connection_id, **known)
            return _back(connection_id, "certificate-used")
        made = await _uploaded(pem) if deed == "upload" else make_certificate(house.clock.now())
        async with house.database.work() as work:
            await add_key(work, person.org_id, connection_id, made, **known)
    except CertificateInvalid as fault:
        return await _page(request, person, connection_id, faults={"pem": fault.sentence}, status=FORM_FAULTY)
    return _back(connection_id, "certificate")


async def _uploaded(pem: UploadFile | None) -> Any:
    content = await pem.read(_LARGEST_PEM + 1) if pem is not None else b""
    if len(content) > _LARGEST_PEM:
        raise CertificateInvalid
    return read_certificate(content.decode("ascii", "replace"))


@routes.post(MEETINGS + "/people")
async def add_person(
    request: Request, connection_id: str, person: Administrator, user: Typed = "", object_id: Typed = ""
) -> Response:
    """The directory knows the clinician under that object id, whatever address the EHR has for them."""
    house, found = house_of(request), forms.read_object_id(object_id)
    user_ref = user.strip().removeprefix("Practitioner/")
    faults = {} if user_ref else {"user": "Give the clinician’s id in the EHR."}
    if found is None:
        faults["object_id"] = "Give the object id, as the Entra admin center shows it."
    if found is None or faults:
        typed = {"user": user, "object_id": object_id}
        return await _page(request, person, connection_id, faults=faults, typed=typed, status=FORM_FAULTY)
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        await map_person(house.desk, work, connection, user_ref, found, is_by_hand=True, by=person.by)
    return _back(connection_id, "person")


@routes.post(MEETINGS + "/people/forget")
async def forget_person(
    request: Request, connection_id: str, person: Administrator, user: Typed = ""
) -> Response:
    """Who the clinician is in the directory is looked up anew."""
    house = house_of(request)
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        await unmap_person(house.desk, work, connection, user, by=person.by)
    return _back(connection_id, "person-gone")


@routes.post(MEETINGS + "/test")
async def try_all(
    request: Request, connection_id: str, person: Administrator, try_for: Typed = ""
) -> Response:
    """Every prerequisite was tried at Microsoft, for somebody typed in or whoever would organise."""
    house = house_of(request)
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        known = await find_any_object_id(work, person.org_id, connection_id)
    typed = {"try_for": try_for}
    organiser = forms.read_object_id(try_for) or connection.meeting_options.get("organiser") or known
    if organiser is None or (try_for.strip() and forms.read_object_id(try_for) is None):
        faults = {"try_for": "Give the object id of somebody who may organise meetings."}
        return await _page(request, person, connection_id, faults=faults, typed=typed, status=FORM_FAULTY)
    try:
        found = await _try(house, connection, organiser)
    except (HousecallError, TimeoutError) as fault:
        said = fault.sentence if isinstance(fault, HousecallError) else "Microsoft did not answer in time."
        return await _page(request, person, connection_id, faults={"try_for": said}, typed=typed, status=502)
    return await _page(request, person, connection_id, typed=typed, findings=found)


async def _try(house: House, connection: Connection, organiser: str) -> list[Finding]:
    hook = f"{house.public_url}/hooks/meetings"
    async with asyncio.timeout(_TEST_WITHIN_S):
        return await check_teams(
            _teams(house, connection), organiser=organiser, now=house.clock.now(), hook=hook
        )


def _teams(house: House, connection: Connection) -> TeamsMeetings:
    services = house.desk.services
    assert isinstance(services, TeamsDirectory)
    return services.teams_of(connection)


def _back(connection_id: str, saved: str) -> Response:
    place = {"certificate": "certificate", "certificate-used": "certificate"}.get(
        saved, "people" if saved.startswith("person") else "top"
    )
    return go_to(f"{MEETINGS.format(connection_id=connection_id)}?saved={saved}#{place}")


async def _connection(house: House, person: SignedIn, connection_id: str) -> Connection:
    async with house.database.work() as work:
        return await get_connection(work, person.org_id, connection_id)


async def _page(
    request: Request,
    person: SignedIn,
    connection_id: str,
    *,
    form: forms.MeetingsForm | None = None,
    findings: Sequence[Finding] = (),
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> Response:
    house = house_of(request)
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        people = await list_directory_people(work, person.org_id, connection_id)
    options = connection.meeting_options
    cloud = cloud_named(options.get("cloud", "global"))
    return await show_step(
        request,
        person,
        "portal/setup_meetings.html",
        step="connections",
        status=status,
        connection=connection,
        form=form or forms.form_of(connection),
        choices=forms,
        faults=faults or {},
        typed=typed or {},
        keys=keys_of(connection, house.sealer),
        people=people,
        permissions=permissions_for(cloud),
        commands=policy_commands(
            options.get("client_id") or "<client id>", options.get("organiser"), cloud=cloud
        ),
        findings=findings,
        now=house.clock.now(),
        **{"saved": "", "is_stale": False, **more},
    )
