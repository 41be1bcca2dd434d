"""What the authorization server says about itself, and its routes."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from housecall.sandbox.auth.authorize import authorize
from housecall.sandbox.auth.token import introspect, revoke, token
from housecall.sandbox.house import House, house_of
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.pages.frame import page

_STYLE = {
    "color_background": "#f4f6f8",
    "color_error": "#b3261e",
    "color_highlight": "#0b5c8a",
    "color_modal_backdrop": "#1b2733",
    "color_success": "#1f7a4d",
    "color_text": "#17212b",
    "dim_border_radius": "6px",
    "dim_font_size": "13px",
    "dim_spacing_size": "8px",
    "font_family_body": "system-ui, 'Segoe UI', sans-serif",
    "font_family_heading": "system-ui, 'Segoe UI', sans-serif",
}


def smart_configuration(house: House) -> dict[str, object]:
    """The document behind ``.well-known/smart-configuration``."""
    options, sign_on = house.options, house.manner.sign_on
    return {
        "issuer": options.auth_base,
        "authorization_endpoint": options.authorize_url,
        "token_endpoint": options.token_url,
        "revocation_endpoint": f"{options.token_url}/revoke",
        "introspection_endpoint": f"{options.own_url}/auth/tokeninfo",
        "jwks_uri": options.own_url + options.addresses.jwks,
        "token_endpoint_auth_methods_supported": list(sign_on.auth_methods),
        "token_endpoint_auth_signing_alg_values_supported": list(sign_on.algorithms),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "scopes_supported": sign_on.supported(),
        "response_types_supported": ["code"],
        "capabilities": list(sign_on.capabilities),
        "code_challenge_methods_supported": ["S256"],
    }


async def openid_configuration(request: Request) -> Response:
    """OpenID discovery; the issuer is the address it was read under."""
    house = house_of(request)
    issuer = house.options.auth_base
    if "/oidc/idsps/" in request.url.path:
        issuer += "/oidc/idsps/sandbox/"
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": house.options.authorize_url,
            "token_endpoint": house.options.token_url,
            "jwks_uri": house.options.own_url + house.options.addresses.jwks,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


async def jwks(request: Request) -> Response:
    """The public keys."""
    return JSONResponse(house_of(request).keys.published(), headers={"Cache-Control": "max-age=60"})


async def style(request: Request) -> Response:
    """How the EHR looks, for apps that wish to look alike."""
    return JSONResponse(_STYLE, headers={"Access-Control-Allow-Origin": "*"})


async def error_page(request: Request) -> Response:
    """What support staff read after a refusal."""
    urn = request.query_params.get("urn", "unknown")
    return page(request, "oauth_error.html", title="Access refused", urn=urn)


def routes_of(options: SandboxOptions) -> list[BaseRoute]:
    """The authorization server's doors, where the vendor has them."""
    at = options.addresses
    # Some have an authorize door for each persona.
    authorizing = at.authorize.replace("/personas/provider/", "/personas/{persona}/")
    return [
        Route(authorizing, authorize, methods=["GET", "POST"]),
        Route(at.token, token, methods=["POST"]),
        Route(f"{at.token}/revoke", revoke, methods=["POST"]),
        Route("/auth/tokeninfo", introspect, methods=["POST"]),
        Route(at.jwks, jwks),
        Route("/auth/errors", error_page),
        Route(f"{at.auth}/.well-known/openid-configuration", openid_configuration),
        Route(f"{at.auth}/oidc/idsps/sandbox/.well-known/openid-configuration", openid_configuration),
        Route("/styles/smart-v1.json", style),
    ]
