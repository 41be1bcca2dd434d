"""The authorization endpoint: single sign-on within a launch, no question asked."""

import re
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from housecall.kit.ids import new_token
from housecall.sandbox.auth.clients import Client
from housecall.sandbox.auth.grants import CODE_LASTS, Code
from housecall.sandbox.errors import OauthRefused
from housecall.sandbox.faults import suffer
from housecall.sandbox.house import House, house_of

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


async def authorize(request: Request) -> Response:
    """To the app's redirect address with a code, or with an error and where to read more about it."""
    house = house_of(request)
    await suffer(house)
    form = await read_parameters(request)
    client = house.clients.clients.get(form.get("client_id", ""))
    redirect = form.get("redirect_uri", "")
    # With an unknown app or address there is nobody to send the answer to: it is said here.
    if client is None:
        return PlainTextResponse("urn:sandbox:error:oauth2:grant:unknown-client", 400)
    if not client.redirects_to(redirect):
        return PlainTextResponse("urn:sandbox:error:oauth2:grant:redirect-uri-mismatch", 400)
    try:
        answer = {"code": _issue(house, client, redirect, form).value}
    except OauthRefused as refusal:
        answer = {
            name: str(value)
            for name, value in house.manner.sign_on.errors(house, refusal.error, refusal.urn).items()
        }
    if "state" in form:
        answer["state"] = form["state"]
    separator = "&" if "?" in redirect else "?"
    return RedirectResponse(redirect + separator + urlencode(answer), 302)


async def read_parameters(request: Request) -> dict[str, str]:
    """Parameters of the query, or of the form if it was posted; a repeated one counts once, the last."""
    if request.method == "POST":
        return {name: str(value) for name, value in (await request.form()).items()}
    return dict(request.query_params)


def error_uri(house: House, urn: str) -> str:
    """The page that says what the urn stands for."""
    return f"{house.options.own_url}/auth/errors?urn={quote(f'urn:sandbox:error:authorization-server:{urn}')}"


def _issue(house: House, client: Client, redirect: str, form: dict[str, str]) -> Code:
    if form.get("response_type") != "code":
        raise OauthRefused("unsupported_response_type", "oauth2:grant:response-type")
    if not form.get("state"):
        raise OauthRefused("invalid_request", "oauth2:grant:state-missing")
    if form.get("aud", "").rstrip("/") != house.options.fhir_base:
        raise OauthRefused("invalid_request", "smart-v1:grant:aud-mismatch")
    if form.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        form.get("code_challenge", "")
    ):
        raise OauthRefused("invalid_request", "oauth2:grant:pkce-required")
    if "launch" not in client.uses:
        raise OauthRefused("unauthorized_client", "oauth2:grant:client-may-not-launch")
    if not form.get("scope"):
        raise OauthRefused("invalid_scope", "oauth2:grant:scope-missing")
    launch = house.grants.open_launch(form.get("launch", ""))
    if house.switches.deny_launch:
        raise OauthRefused("access_denied", "oauth2:grant:denied-by-server")
    scopes = house.manner.sign_on.grant(form["scope"], launch.persona)
    if "launch" not in scopes:
        raise OauthRefused("invalid_scope", "smart-v1:grant:launch:launch-scope-missing")
    code = Code(
        value=new_token(),
        client_id=client.client_id,
        redirect_uri=redirect,
        challenge=form["code_challenge"],
        scopes=scopes,
        nonce=form.get("nonce"),
        launch=launch,
        expires=house.clock.now() + CODE_LASTS,
    )
    house.grants.keep_code(code)
    return code
