"""Setting up how people sign in: looked up live, tried by whoever sets it up, and only then in force."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.errors import HousecallError, Overtaken
from housecall.kit.sealing import Sealer
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.errors import RuleInvalid, SignInError
from housecall.tenancy.model import Role
from housecall.tenancy.openid import Metadata, OpenId
from housecall.tenancy.roles import DEFAULT_RULES, ENTRA_GLOBAL_ADMINISTRATOR, parse_rules
from housecall.tenancy.sign_in import SignInSettings, draft_of, keep_draft, settings_of
from housecall.tenancy.store import get_organisation
from housecall.web.answers import form_status, go_to
from housecall.web.attempts import new_attempt
from housecall.web.audience import Audience
from housecall.web.house import House, house_of
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show
from housecall.web.sign_in import SETTINGS_PAGE, send_to_provider

routes = Audience("sign-in settings", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


class SignInForm(BaseModel):
    """What the page's form holds; rules as they are typed, one a line."""

    issuer: str = Field("", max_length=500)
    client_id: str = Field("", max_length=300)
    client_secret: str = Field("", max_length=1000)
    scope: str = Field("openid profile", max_length=300)
    administrator: str = Field("", max_length=20_000)
    reader: str = Field("", max_length=20_000)
    auditor: str = Field("", max_length=20_000)
    clinician: str = Field("", max_length=20_000)
    revision: int = 0


@dataclass(frozen=True)
class Standing:
    """How things stand when the page is opened."""

    current: SignInSettings
    draft: SignInSettings | None


@routes.get(SETTINGS_PAGE)
async def sign_in_page(request: Request, person: Administrator, saved: bool = False) -> Response:
    """The form: with what is being set up, else with what stands."""
    house = house_of(request)
    async with house.database.work() as work:
        standing = await _standing(work, person, house.sealer)
    form = _form_of(standing.draft or standing.current)
    return _page(request, person, form, standing, is_saved=saved)


@routes.post(SETTINGS_PAGE)
async def set_sign_in(
    request: Request, person: Administrator, form: Annotated[SignInForm, Form()]
) -> Response:
    """What was typed is kept and the provider looked up; it counts once somebody has signed in by it."""
    house = house_of(request)
    async with house.database.work() as work:
        standing = await _standing(work, person, house.sealer)
    draft, faults = _read(form, standing)
    if faults:
        return _page(request, person, form, standing, faults=faults)
    async with house.database.work() as work:
        await keep_draft(work, person.org_id, draft, sealer=house.sealer)
    if form.revision != standing.current.revision:
        return _page(request, person, form, standing, faults={"": Overtaken()})
    try:
        await _look_up(house, draft)
    except SignInError as fault:
        return _page(request, person, form, Standing(standing.current, draft), faults={"issuer": fault})
    return go_to(f"{SETTINGS_PAGE}#try")


@routes.get(f"{SETTINGS_PAGE}/try")
async def try_sign_in(request: Request, person: Administrator) -> Response:
    """To the provider, by the settings that are being set up."""
    house = house_of(request)
    async with house.database.work() as work:
        standing = await _standing(work, person, house.sealer)
    if standing.draft is None:
        return go_to(SETTINGS_PAGE)
    attempt = new_attempt(str(person.org_id), house.clock.now(), back_to=SETTINGS_PAGE, is_trial=True)
    return await send_to_provider(house, attempt, standing.draft)


async def _standing(work: Work, person: SignedIn, sealer: Sealer) -> Standing:
    owner = await get_organisation(work, person.org_id)
    return Standing(settings_of(owner, sealer), draft_of(owner, sealer))


async def _look_up(house: House, draft: SignInSettings) -> Metadata:
    openid = OpenId(house.desk.ehr.network)
    known = await openid.discover(draft.issuer)
    await openid.check_keys(known)
    return known


def _form_of(settings: SignInSettings) -> SignInForm:
    rules = {role: "\n".join(settings.rules.get(role, [])) for role in DEFAULT_RULES}
    return SignInForm(
        issuer=settings.issuer,
        client_id=settings.client_id,
        scope=settings.scope,
        revision=settings.revision,
        **rules,
    )


def _read(form: SignInForm, standing: Standing) -> tuple[SignInSettings, dict[str, HousecallError]]:
    """The settings that the form stands for, and what is wrong with it by field."""
    faults: dict[str, HousecallError] = {}
    rules = {}
    for role, typed in _typed_rules(form).items():
        try:
            rules[role] = parse_rules(typed)
        except RuleInvalid as fault:
            faults[role] = fault
    if not rules.get(Role.administrator.value, [""]):
        faults[Role.administrator.value] = RuleInvalid(
            "Somebody must be administrator, or nobody could change this page again."
        )
    draft = SignInSettings(
        issuer=form.issuer.strip().rstrip("/"),
        client_id=form.client_id.strip(),
        client_secret=form.client_secret.strip() or _secret_kept(form, standing),
        scope=" ".join(form.scope.split()),
        rules=rules,
        revision=form.revision,
    )
    faults |= {
        name: RuleInvalid(f"Enter the {words}.")
        for name, words in (
            ("issuer", "issuer"),
            ("client_id", "client id"),
            ("client_secret", "client secret"),
        )
        if not getattr(draft, name)
    }
    if "openid" not in draft.scope.split():
        faults["scope"] = RuleInvalid("The scope must hold the word openid.")
    return draft, faults


def _typed_rules(form: SignInForm) -> dict[str, str]:
    return {role.value: getattr(form, role.value) for role in Role}


def _secret_kept(form: SignInForm, standing: Standing) -> str:
    """The secret that was given before for this very client, so that it need not be typed again."""
    for known in (standing.draft, standing.current):
        if known and (known.issuer, known.client_id) == (
            form.issuer.strip().rstrip("/"),
            form.client_id.strip(),
        ):
            return known.client_secret
    return ""


def _page(
    request: Request,
    person: SignedIn,
    form: SignInForm,
    standing: Standing,
    *,
    faults: dict[str, HousecallError] | None = None,
    is_saved: bool = False,
) -> Response:
    house = house_of(request)
    return show(
        request,
        person,
        "portal/sign_in.html",
        here="sign-in",
        status=form_status(faults),
        form=form,
        faults={name: _said(fault) for name, fault in (faults or {}).items()},
        current=standing.current,
        may_try=standing.draft is not None and not faults,
        has_secret=bool(_secret_kept(form, standing)),
        is_saved=is_saved,
        redirect_url=f"{house.public_url}/portal/callback",
        signed_out_url=f"{house.public_url}/portal",
        entra_administrator=ENTRA_GLOBAL_ADMINISTRATOR,
        roles=[role.value for role in Role],
        demo_issuer=f"{house.settings.text('HOUSECALL_SANDBOX_URL')}/idp" if house.is_demo else "",
    )


def _said(fault: HousecallError) -> str:
    """The sentence, and how to mend it where the error knows."""
    return f"{fault.sentence} {getattr(fault, 'way_on', '')}".strip()
