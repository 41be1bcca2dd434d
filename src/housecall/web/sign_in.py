"""The portal's entrance: choosing an organisation, signing in at its provider, coming in by an invitation."""

import re
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.tenancy.administrators import (
    SESSION_LIFE,
    SignedIn,
    accept_invite,
    find_invite,
    sign_in,
    sign_out,
)
from housecall.tenancy.errors import (
    OrganisationUnknown,
    RoleMissing,
    SignInError,
    SignInFailed,
    SignInStopped,
)
from housecall.tenancy.model import Role
from housecall.tenancy.openid import Identity, OpenId, authorization_url, end_session_url
from housecall.tenancy.roles import claims_named, roles_by, values_of
from housecall.tenancy.sign_in import (
    SignInSettings,
    apply_sign_in,
    draft_of,
    provider_of,
    settings_of,
)
from housecall.tenancy.store import find_organisation_by_name, get_organisation, list_organisations
from housecall.tenancy.tables import Organisation
from housecall.web.answers import go_to
from housecall.web.attempts import ATTEMPT_COOKIE, ATTEMPT_LIFE, Attempt, new_attempt, open_attempt
from housecall.web.audience import Audience, anyone
from housecall.web.house import House, house_of
from housecall.web.origin import refuse_foreign
from housecall.web.pages import render
from housecall.web.portal_guards import SESSION_COOKIE, NotSignedIn, find_signed_in
from housecall.web.portal_pages import first_page_for, show

ORGANISATION_COOKIE: Final = "hc_organisation"
SETTINGS_PAGE: Final = "/portal/settings/sign-in"
_REMEMBERED_S: Final = 365 * 24 * 3600
# Claims that say nothing of who somebody is but their groups and roles.
_SHOWN_CLAIMS: Final = frozenset({"roles", "groups", "wids"})

entrance = Audience("portal entrance", guard=anyone, include_in_schema=False)


@entrance.get("/portal")
async def portal(request: Request, organisation: str | None = None) -> Response:
    """The first page: the way in, or on to what the person's role opens."""
    person = await find_signed_in(request)
    if person is not None:
        return go_to(first_page_for(person))
    return await _welcome(request, organisation)


@entrance.get("/portal/sign-in")
async def begin_sign_in(request: Request, organisation: str | None = None, back_to: str = "") -> Response:
    """On to the organisation's own sign-in; to the choice of one where it is not known which."""
    house = house_of(request)
    owner = await _chosen(request, organisation)
    if owner is None:
        return await _welcome(request, organisation)
    attempt = new_attempt(str(owner.id), house.clock.now(), back_to=back_to)
    response = await send_to_provider(house, attempt, settings_of(owner, house.sealer))
    _set_cookie(response, ORGANISATION_COOKIE, owner.name, _REMEMBERED_S)
    return response


async def send_to_provider(house: House, attempt: Attempt, settings: SignInSettings) -> Response:
    """The browser goes to the provider, and keeps the attempt; raises a SignInError."""
    known = await OpenId(house.desk.ehr.network).discover(settings.issuer)
    url = authorization_url(
        known,
        provider_of(settings, house.public_url),
        state=attempt.state,
        nonce=attempt.nonce,
        verifier=attempt.verifier,
    )
    response = go_to(url)
    life_s = int(ATTEMPT_LIFE.total_seconds())
    _set_cookie(response, ATTEMPT_COOKIE, attempt.sealed(house.sealer), life_s)
    return response


@entrance.get("/portal/callback")
async def finish_sign_in(
    request: Request, state: str = "", code: str = "", error: str = "", iss: str = ""
) -> Response:
    """Back from the provider: a session begins, or new settings have proved to work."""
    house = house_of(request)
    attempt = open_attempt(request.cookies.get(ATTEMPT_COOKIE, ""), state, house.sealer, house.clock.now())
    if attempt.is_trial:
        return await _finish_trial(request, attempt, code=code, error=error, iss=iss)
    owner = await _owner(house, attempt)
    settings = settings_of(owner, house.sealer)
    identity = await _identify(house, settings, attempt, code=code, error=error, iss=iss)
    roles = roles_by(settings.rules, identity.claims)
    if not roles:
        raise _role_missing(identity)
    response = go_to(attempt.back_to)
    await _begin_session(house, response, owner, settings, identity, roles)
    return response


async def _finish_trial(request: Request, attempt: Attempt, *, code: str, error: str, iss: str) -> Response:
    house = house_of(request)
    person = await find_signed_in(request)
    if person is None or str(person.org_id) != attempt.org_id or person.role is not Role.administrator:
        raise NotSignedIn
    request.state.person = person
    owner = await _owner(house, attempt)
    settings = draft_of(owner, house.sealer)
    if settings is None:
        raise SignInFailed("Nothing is being set up any more.")
    try:
        identity = await _identify(house, settings, attempt, code=code, error=error, iss=iss)
    except SignInError as fault:
        fault.link = (SETTINGS_PAGE, "Back to the settings")
        raise
    roles = roles_by(settings.rules, identity.claims)
    if Role.administrator not in roles:
        return _show_trial(request, person, settings, identity, roles)
    await _apply(house, person, settings)
    response = go_to(f"{SETTINGS_PAGE}?saved=1")
    await _begin_session(house, response, owner, settings, identity, roles)
    _set_cookie(response, ORGANISATION_COOKIE, owner.name, _REMEMBERED_S)
    return response


async def _apply(house: House, person: SignedIn, settings: SignInSettings) -> None:
    now = house.clock.now()
    async with house.database.work() as work:
        await apply_sign_in(work, person.org_id, settings, sealer=house.sealer, now=now, by=person.by)
        # From here on the same person is known by their own account.
        await sign_out(work, person, now=now)


def _show_trial(
    request: Request,
    person: SignedIn,
    settings: SignInSettings,
    identity: Identity,
    roles: tuple[Role, ...],
) -> Response:
    """The sign-in works, but its rules would let nobody in who could mend them: nothing is changed."""
    names = sorted(claims_named(settings.rules) | _SHOWN_CLAIMS)
    return show(
        request,
        person,
        "portal/trial.html",
        here="sign-in",
        status=409,
        roles=[role.value for role in roles],
        claims=[(name, values_of(identity.claims, name)) for name in names],
        has_groups_left_out=identity.has_groups_left_out,
        others=sorted(name for name in identity.claims if name not in names),
    )


async def _identify(
    house: House, settings: SignInSettings, attempt: Attempt, *, code: str, error: str, iss: str
) -> Identity:
    if error:
        word = error if re.fullmatch(r"[a-z_]{1,40}", error) else "an error"
        raise SignInStopped(f"Your organisation's sign-in broke off and said {word}.")
    # Source: RFC 9207: another provider's answer must not be taken to this one.
    if not code or (iss and iss.rstrip("/") != settings.issuer.rstrip("/")):
        raise SignInFailed
    return await OpenId(house.desk.ehr.network).finish(
        provider_of(settings, house.public_url),
        code=code,
        verifier=attempt.verifier,
        nonce=attempt.nonce,
        now=house.clock.now(),
        wanted=claims_named(settings.rules),
    )


async def _begin_session(
    house: House,
    response: Response,
    owner: Organisation,
    settings: SignInSettings,
    identity: Identity,
    roles: tuple[Role, ...],
) -> None:
    async with house.database.work() as work:
        secret = await sign_in(
            work,
            OrgId(owner.id),
            issuer=settings.issuer,
            subject=identity.subject,
            role=roles[0],
            other_roles=roles[1:],
            now=house.clock.now(),
        )
    set_session(response, secret)
    _set_cookie(response, ATTEMPT_COOKIE, "", 0)


def _role_missing(identity: Identity) -> RoleMissing:
    if identity.has_groups_left_out:
        return RoleMissing(
            "Your account is in so many groups that your provider left them out."
            " Ask for an application role in Housecall instead."
        )
    return RoleMissing()


@entrance.get("/portal/invite/{token}")
async def show_invite(request: Request, token: str) -> Response:
    """What the invitation is for; opening it uses nothing up."""
    house = house_of(request)
    async with house.database.work() as work:
        invitation = await find_invite(work, token, now=house.clock.now())
        owner = await get_organisation(work, OrgId(invitation.org_id))
    return render(request, "portal/invite.html", owner=owner, region=owner.region, referrer="same-origin")


@entrance.post("/portal/invite/{token}")
async def take_invite(request: Request, token: str) -> Response:
    """The invitation is used up: its holder is an administrator for one session, to set up the sign-in."""
    house = house_of(request)
    refuse_foreign(request, house.public_url)
    async with house.database.work() as work:
        secret = await accept_invite(work, token, now=house.clock.now())
    response = go_to(SETTINGS_PAGE)
    set_session(response, secret)
    return response


@entrance.get("/portal/signed-out")
async def signed_out(request: Request, organisation: str | None = None) -> Response:
    """Signed out here; and a way to be signed out at the provider too, where it offers one."""
    owner = await _chosen(request, organisation)
    address = await _end_session_address(house_of(request), owner) if owner is not None else None
    return render(request, "portal/signed_out.html", address=address)


async def _end_session_address(house: House, owner: Organisation) -> str | None:
    settings = settings_of(owner, house.sealer)
    try:
        known = await OpenId(house.desk.ehr.network).discover(settings.issuer)
    except HousecallError:
        # Out of reach now; the session here is over all the same.
        return None
    return end_session_url(known, settings.client_id, back_to=f"{house.public_url}/portal")


def set_session(response: Response, secret: str) -> None:
    """The browser has the session. Lax, not Strict: it comes from the provider's site and must arrive signed in."""
    _set_cookie(response, SESSION_COOKIE, secret, int(SESSION_LIFE.total_seconds()))


def _set_cookie(response: Response, name: str, value: str, life_s: int) -> None:
    response.set_cookie(name, value, max_age=life_s, path="/", secure=True, httponly=True, samesite="lax")


async def _owner(house: House, attempt: Attempt) -> Organisation:
    async with house.database.work() as work:
        there = [one for one in await list_organisations(work) if str(one.id) == attempt.org_id]
    if not there:
        raise OrganisationUnknown
    return there[0]


async def _chosen(request: Request, name: str | None) -> Organisation | None:
    """The organisation named in the address or remembered, or the only one; with a sign-in, else None."""
    house = house_of(request)
    async with house.database.work() as work:
        wanted = name or request.cookies.get(ORGANISATION_COOKIE)
        found = await find_organisation_by_name(work, wanted.strip().lower()) if wanted else None
        if found is None and wanted:
            found = await find_organisation_by_name(work, wanted.strip())
        if found is not None and found.sign_in_issuer:
            return found
        there = [one for one in await list_organisations(work) if one.sign_in_issuer]
    return there[0] if len(there) == 1 and not name else None


async def _welcome(request: Request, name: str | None) -> Response:
    house = house_of(request)
    owner = await _chosen(request, name)
    async with house.database.work() as work:
        count = sum(1 for one in await list_organisations(work) if one.sign_in_issuer)
    values: dict[str, Any] = {
        "owner": owner,
        "count": count,
        "asked": name or "",
        "demo": house.is_demo,
    }
    return render(request, "portal/welcome.html", status=404 if name and owner is None else 200, **values)
