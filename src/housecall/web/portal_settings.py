"""The organisation's settings and what its patients see of it; a form that is out of date says so and loses nothing."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Request, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.kit.errors import HousecallError, Overtaken
from housecall.kit.languages import LANGUAGES, OWN_NAMES
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.branding import (
    KINDS,
    LARGEST_LOGO,
    read_accent,
    read_logo,
    read_text,
    set_branding,
    set_logo,
)
from housecall.tenancy.errors import ColourRefused, LogoRefused, TextRefused
from housecall.tenancy.settings import OrganisationSettings, change_settings, faults_of, settings_now
from housecall.tenancy.store import find_branding, get_organisation
from housecall.web.answers import form_status, go_to
from housecall.web.audience import Audience
from housecall.web.brand import read_brand, style_of
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

GENERAL: Final = "/portal/settings"
BRANDING: Final = "/portal/settings/branding"

routes = Audience("settings", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


class GeneralForm(BaseModel):
    """The organisation's settings as typed."""

    display_name: str = Field("", max_length=500)
    clinic_phone: str = Field("", max_length=100)
    time_zone: str = Field("", max_length=100)
    language: str = Field("", max_length=20)
    identity_reminder: str = Field("", max_length=500)
    keeps_guest_addresses: bool = False
    revision: int = 0

    def wanted(self) -> OrganisationSettings:
        """As they are saved."""
        return OrganisationSettings(
            self.display_name.strip(),
            self.clinic_phone.strip(),
            self.time_zone.strip(),
            self.language,
            self.identity_reminder.strip(),
            self.keeps_guest_addresses,
        )


@routes.get(GENERAL)
async def general_page(request: Request, person: Administrator, saved: bool = False) -> Response:
    """The settings as they stand."""
    house = house_of(request)
    async with house.database.work() as work:
        owner = await get_organisation(work, person.org_id)
    form = GeneralForm(**settings_now(owner).__dict__, revision=owner.revision)
    return _general(request, person, form, is_saved=saved)


@routes.post(GENERAL)
async def change_general(
    request: Request, person: Administrator, form: Annotated[GeneralForm, Form()]
) -> Response:
    """The settings stand as typed; or the form again, with what is wrong, or with what somebody else made of them."""
    house = house_of(request)
    faults: Mapping[str, HousecallError] = faults_of(form.wanted(), LANGUAGES)
    if faults:
        return _general(request, person, form, faults=faults)
    try:
        async with house.database.work() as work:
            await change_settings(
                work,
                person.org_id,
                form.wanted(),
                revision=form.revision,
                now=house.clock.now(),
                by=person.by,
            )
    except Overtaken:
        async with house.database.work() as work:
            owner = await get_organisation(work, person.org_id)
        form.revision = owner.revision
        return _general(request, person, form, stands=settings_now(owner))
    return go_to(f"{GENERAL}?saved=1")


def _in_words(value: str | bool) -> str:
    if isinstance(value, bool):
        return "ticked" if value else "not ticked"
    return value or "nothing"


def _general(
    request: Request,
    person: SignedIn,
    form: GeneralForm,
    *,
    faults: Mapping[str, HousecallError] | None = None,
    stands: OrganisationSettings | None = None,
    is_saved: bool = False,
) -> Response:
    others = {
        name: value
        for name, value in (stands.__dict__ if stands else {}).items()
        if value != getattr(form.wanted(), name)
    }
    return show(
        request,
        person,
        "portal/settings.html",
        here="settings",
        status=form_status(faults, is_stale=bool(stands)),
        form=form,
        faults={name: fault.sentence for name, fault in (faults or {}).items()}
        | {name: f"What stands now is: {_in_words(value)}" for name, value in others.items()},
        is_stale=stands is not None,
        is_saved=is_saved,
        language_names=list(OWN_NAMES.items()),
    )


@routes.get(BRANDING)
async def branding_page(request: Request, person: Administrator, saved: bool = False) -> Response:
    """Picture, colour and texts as they stand."""
    return await _branding(request, person, is_saved=saved)


@routes.post(BRANDING)
async def change_branding(request: Request, person: Administrator) -> Response:
    """Colour and texts stand as typed; or the form again with what is wrong."""
    house = house_of(request)
    typed = {name: str(value)[:5000] for name, value in (await request.form()).items()}
    accent, texts, faults = _read(typed)
    if faults:
        return await _branding(request, person, typed=typed, faults=faults)
    try:
        async with house.database.work() as work:
            await set_branding(
                work,
                person.org_id,
                accent=accent,
                texts=texts,
                revision=_number(typed.get("revision", "")),
                now=house.clock.now(),
                by=person.by,
            )
    except Overtaken as stale:
        return await _branding(request, person, typed=typed, faults={"": stale})
    return go_to(f"{BRANDING}?saved=1")


@routes.post(f"{BRANDING}/logo")
async def change_logo(
    request: Request,
    person: Administrator,
    logo: UploadFile | None = None,
    revision: Annotated[int, Form()] = 0,
) -> Response:
    """Patients see this picture, or none where none was chosen."""
    house = house_of(request)
    try:
        content = await logo.read(LARGEST_LOGO + 1) if logo is not None else b""
        if logo is not None and logo.size is not None and logo.size > LARGEST_LOGO:
            raise LogoRefused(
                f"The picture has {logo.size // 1024} KB; {LARGEST_LOGO // 1024} KB is the most."
            )
        picture = read_logo(content) if content else None
        async with house.database.work() as work:
            await set_logo(
                work, person.org_id, picture, revision=revision, now=house.clock.now(), by=person.by
            )
    except LogoRefused as refused:
        return await _branding(request, person, faults={"logo": refused})
    except Overtaken as stale:
        return await _branding(request, person, faults={"": stale})
    return go_to(f"{BRANDING}?saved=1")


def _read(typed: Mapping[str, str]) -> tuple[str, dict[str, dict[str, str]], dict[str, HousecallError]]:
    faults: dict[str, HousecallError] = {}
    accent, texts = "", {language: dict[str, str]() for language in LANGUAGES}
    try:
        accent = read_accent(typed.get("accent", ""))
    except ColourRefused as refused:
        faults["accent"] = refused
    for language in LANGUAGES:
        for kind in KINDS:
            name = f"{kind}_{language}"
            try:
                texts[language][kind] = read_text(typed.get(name, ""))
            except TextRefused as refused:
                faults[name] = refused
    return accent, texts, faults


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else -1


async def _branding(
    request: Request,
    person: SignedIn,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, HousecallError] | None = None,
    is_saved: bool = False,
) -> Response:
    async with house_of(request).database.work() as work:
        owner = await get_organisation(work, person.org_id)
        found = await find_branding(work, person.org_id)
        brand = await read_brand(work, person.org_id)
    stands: dict[str, Any] = {"accent": (found.accent if found else None) or ""}
    stands |= {f"{kind}_{code}": brand.say(kind, code) for code in LANGUAGES for kind in KINDS}
    return show(
        request,
        person,
        "portal/branding.html",
        here="branding",
        status=form_status(faults),
        values=dict(typed) if typed is not None else stands,
        stands=stands,
        logo=brand.logo,
        preview=style_of(stands["accent"]).replace(":root", ".preview") if stands["accent"] else "",
        revision=owner.revision,
        faults={name: fault.sentence for name, fault in (faults or {}).items()},
        is_saved=is_saved,
        language_names=list(OWN_NAMES.items()),
    )
