"""The sandbox's OpenID provider: who may sign in to Housecall's portal, by one press."""

import base64
import binascii
import hashlib
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from housecall.kit.ids import new_token
from housecall.sandbox.auth.authorize import read_parameters
from housecall.sandbox.house import House, SignIn, house_of
from housecall.sandbox.pages.frame import page

_CLIENT: Final = "housecall-portal"
_SECRET: Final = "sandbox-portal-secret"  # noqa: S105 - opens nothing but the make-believe
_CODE_LASTS: Final = timedelta(minutes=2)
_TOKEN_LASTS: Final = timedelta(hours=1)
_QUIET: Final = {"Cache-Control": "no-store"}
STAFF: Final = {
    "administrator": ("staff-1001", "Ingrid Vale", "Sets up connections, numbers and templates"),
    "reader": ("staff-1002", "Tomas Okafor", "Reads reports"),
    "auditor": ("staff-1003", "Wren Achebe", "Reads the audit log"),
    "clinician": ("staff-1004", "Noor Castellan", "Holds visits when the EHR is away"),
}


async def configuration(request: Request) -> Response:
    """OpenID discovery."""
    own = house_of(request).options.own_url
    return JSONResponse(
        {
            "issuer": f"{own}/idp",
            "authorization_endpoint": f"{own}/sign-in",
            "token_endpoint": f"{own}/idp/token",
            "jwks_uri": f"{own}/idp/jwks",
            "end_session_endpoint": f"{own}/sign-out",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile"],
        }
    )


async def jwks(request: Request) -> Response:
    """The public keys."""
    return JSONResponse(house_of(request).portal_keys.published())


async def sign_in(request: Request) -> Response:
    """The page with one button for each role; a press leads back to the portal."""
    house = house_of(request)
    form = await read_parameters(request)
    if (
        form.get("client_id") != _CLIENT
        or form.get("redirect_uri") != f"{house.options.housecall_url}/portal/callback"
    ):
        if not form:
            return page(request, "sign_in.html", staff=STAFF, form={}, title="Sign in")
        return PlainTextResponse("The client or its redirect address is not registered here.", 400)
    if form.get("response_type") != "code" or form.get("code_challenge_method", "S256") != "S256":
        return _back(form, {"error": "invalid_request"})
    role = form.get("role")
    if request.method == "GET" or role not in STAFF:
        return page(request, "sign_in.html", staff=STAFF, form=form, title="Sign in")
    code = new_token()
    expires = house.clock.now() + _CODE_LASTS
    house.sign_ins[code] = SignIn(
        role, form["redirect_uri"], form.get("code_challenge"), form.get("nonce"), expires
    )
    return _back(form, {"code": code, "iss": f"{house.options.own_url}/idp"})


def _back(form: dict[str, str], answer: dict[str, str]) -> Response:
    if "state" in form:
        answer["state"] = form["state"]
    return RedirectResponse(f"{form['redirect_uri']}?{urlencode(answer)}", 303)


async def token(request: Request) -> Response:
    """An id token with subject, name and roles, for a code used once."""
    house = house_of(request)
    form = {name: str(value) for name, value in (await request.form()).items()}
    if not _is_portal(request, form):
        return JSONResponse({"error": "invalid_client"}, 401, _QUIET)
    held = house.sign_ins.pop(form.get("code", ""), None)
    if held is None or not _fits(house, held, form):
        return JSONResponse({"error": "invalid_grant"}, 400, _QUIET)
    subject, name, _ = STAFF[held.role]
    now = int(house.clock.now().timestamp())
    claims: dict[str, object] = {
        "iss": f"{house.options.own_url}/idp",
        "sub": subject,
        "aud": _CLIENT,
        "iat": now,
        "exp": now + int(_TOKEN_LASTS.total_seconds()),
        "name": name,
        "roles": [held.role],
    }
    if held.nonce:
        claims["nonce"] = held.nonce
    answer = {
        "access_token": new_token(),
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid profile",
    }
    return JSONResponse(answer | {"id_token": house.portal_keys.sign_identity(claims)}, headers=_QUIET)


async def sign_out(request: Request) -> Response:
    """Nobody is signed in here for longer than a press; the browser goes back where its client says it may."""
    back = request.query_params.get("post_logout_redirect_uri", "")
    ours = house_of(request).options.housecall_url
    if request.query_params.get("client_id") != _CLIENT or back not in (f"{ours}/portal", f"{ours}/portal/"):
        return PlainTextResponse("The client or its address after signing out is not registered here.", 400)
    return RedirectResponse(back, 303)


def _fits(house: House, held: SignIn, form: dict[str, str]) -> bool:
    if form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != held.redirect_uri:
        return False
    if held.expires <= house.clock.now():
        return False
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return held.challenge is None or proof == held.challenge


def _is_portal(request: Request, form: dict[str, str]) -> bool:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode() == f"{_CLIENT}:{_SECRET}"
        except (binascii.Error, UnicodeDecodeError):
            return False
    return form.get("client_id") == _CLIENT and form.get("client_secret") == _SECRET


ROUTES = [
    Route("/idp/.well-known/openid-configuration", configuration),
    Route("/idp/jwks", jwks),
    Route("/idp/token", token, methods=["POST"]),
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out),
]
