"""The token endpoint, revocation and introspection."""

import base64
import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.sandbox.auth.answers import launch_answer, system_answer
from housecall.sandbox.auth.assertions import authenticated_client
from housecall.sandbox.auth.clients import Client
from housecall.sandbox.auth.grants import RENEWAL_EVERY, Code
from housecall.sandbox.errors import OauthRefused
from housecall.sandbox.faults import suffer
from housecall.sandbox.house import House, house_of

_QUIET = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def token(request: Request) -> Response:
    """Tokens for a code, for a refresh token, or for a system account."""
    house = house_of(request)
    await suffer(house)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        client = await authenticated_client(house, form, request.headers.get("authorization"))
        answer = _grant(house, client, form)
    except OauthRefused as refusal:
        return _refusal(house, refusal)
    return JSONResponse(answer, headers=_QUIET)


async def revoke(request: Request) -> Response:
    """The token, and whatever came of the same code, is good no more; an unknown one is no fault."""
    house = house_of(request)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        client = await authenticated_client(house, form, request.headers.get("authorization"))
    except OauthRefused as refusal:
        return _refusal(house, refusal)
    value = form.get("token", "")
    held = house.grants.find_session(value) or house.grants.find_refresh(value)
    if held and held.client_id == client.client_id:
        house.grants.revoke_family(held.family)
    return Response(status_code=200, headers=_QUIET)


async def introspect(request: Request) -> Response:
    """What a token stands for, to whoever holds it."""
    house = house_of(request)
    form = await request.form()
    session = house.grants.find_session(str(form.get("token", "")))
    if session is None:
        return JSONResponse({"active": False}, headers=_QUIET)
    answer: dict[str, object] = {
        "active": True,
        "scope": " ".join(session.scopes),
        "client_id": session.client_id,
        "exp": int(session.expires.timestamp()),
    }
    if session.patient:
        answer["patient"] = session.patient
    return JSONResponse(answer, headers=_QUIET)


def _refusal(house: House, refusal: OauthRefused) -> Response:
    headers = dict(_QUIET)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    body = house.manner.sign_on.errors(house, refusal.error, refusal.urn)
    return JSONResponse(body, refusal.status, headers)


def _grant(house: House, client: Client, form: dict[str, str]) -> dict[str, object]:
    match form.get("grant_type"):
        case "authorization_code":
            code = _spend_code(house, client, form)
            return launch_answer(house, client, code)
        case "refresh_token":
            return _renew(house, client, form)
        case "client_credentials":
            if client.kind == "public" or "system" not in client.uses:
                raise OauthRefused("unauthorized_client", "oauth2:token:no-system-account")
            if house.manner.sign_on.system_by_key_only and client.kind != "asymmetric":
                raise OauthRefused("invalid_client", "oauth2:token:system-needs-a-key", status=401)
            scopes = house.manner.sign_on.grant(form.get("scope", ""), "system")
            if not scopes:
                raise OauthRefused("invalid_scope", "oauth2:token:no-scope-granted")
            return system_answer(house, client, scopes)
        case _:
            raise OauthRefused("unsupported_grant_type", "oauth2:token:grant-type")


def _spend_code(house: House, client: Client, form: dict[str, str]) -> Code:
    refused = OauthRefused("invalid_grant", "oauth2:token:code-invalid-or-expired")
    code = house.grants.find_code(form.get("code", ""))
    if code is None or code.client_id != client.client_id or code.expires <= house.clock.now():
        raise refused
    if code.is_spent:
        # Somebody else may hold the code: what came of it is taken back (RFC 6749 §4.1.2).
        house.grants.revoke_family(code.value)
        raise refused
    house.grants.spend(code, with_launch=False)
    if form.get("redirect_uri") != code.redirect_uri:
        raise OauthRefused("invalid_grant", "oauth2:token:redirect-uri-mismatch")
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), code.challenge):
        raise OauthRefused("invalid_grant", "oauth2:token:pkce-verifier-mismatch")
    house.grants.spend(code, with_launch=True)
    return code


def _renew(house: House, client: Client, form: dict[str, str]) -> dict[str, object]:
    refresh = house.grants.find_refresh(form.get("refresh_token", ""))
    if refresh is None or refresh.client_id != client.client_id:
        raise OauthRefused("invalid_grant", "oauth2:token:refresh-token-invalid")
    now = house.clock.now()
    if (
        house.switches.throttle_renewals
        and refresh.last_renewed
        and now - refresh.last_renewed < RENEWAL_EVERY
    ):
        raise OauthRefused("temporarily_unavailable", "oauth2:token:throttled", status=429)
    refresh.last_renewed = now
    scopes = refresh.scopes
    if form.get("scope"):
        scopes = tuple(word for word in form["scope"].split() if word in refresh.scopes)
    return launch_answer(house, client, refresh, scopes=scopes, active_at=form.get("active_at"))
