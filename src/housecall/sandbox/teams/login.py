"""Microsoft's sign-in for apps: discovery, keys, and tokens for who proves itself by a certificate."""

import base64
import hashlib
import json
import time
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.sandbox.house import House, house_of
from housecall.sandbox.teams.errors import SignInRefused
from housecall.sandbox.teams.tenant import CLIENT_ID, TENANT_ID

# As the real ones name themselves, whatever address this stand-in is reached at: where to sign in, what for.
LOGIN: Final = "https://login.microsoftonline.com"
CLOUDS: Final = {
    "global": (LOGIN, "https://graph.microsoft.com"),
    "usgov-high": ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "usgov-dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
GRAPH_APP: Final = "0bf30f3b-4a52-48df-9a82-234910c4a086"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_LIFE_S: Final = 3599


class _Roomy(JWSRegistry):
    """Microsoft's own library puts the whole certificate into the header."""

    max_header_length = 16 * 1024


_ROOMY: Final = _Roomy(algorithms=["RS256", "PS256"])


async def discovery(request: Request) -> Response:
    """The OpenID configuration of the tenant: with the addresses of the cloud it is in, wherever it is asked for."""
    tenant = request.path_params["tenant"]
    if tenant != TENANT_ID:
        return _said_no(_no_such(tenant))
    login, _ = CLOUDS[house_of(request).teams.switches.cloud]
    base = f"{login}/{tenant}"
    return JSONResponse(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "jwks_uri": f"{login}/{tenant}/discovery/v2.0/keys",
            "issuer": f"{login}/{TENANT_ID}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }
    )


async def keys(request: Request) -> Response:
    """The keys that sign tokens."""
    return JSONResponse(house_of(request).graph_keys.public())


async def token(request: Request) -> Response:
    """An app's access token; errors are the sign-in service's own."""
    house = house_of(request)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        _check_request(house, request.path_params["tenant"], form)
        _check_assertion(house, form)
    except SignInRefused as refusal:
        return _said_no(refusal)
    claims = {"aud": _graph(house), "appid": CLIENT_ID, "roles": house.teams.switches.permissions}
    # By the machine's own time, as the libraries that keep tokens do.
    made = _sign(house, claims, now=int(time.time()))
    return JSONResponse({"token_type": "Bearer", "expires_in": _TOKEN_LIFE_S, "access_token": made})


def _graph(house: House) -> str:
    return CLOUDS[house.teams.switches.cloud][1]


def _said_no(refusal: SignInRefused) -> Response:
    body = {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.number}: {refusal.message}",
        "error_codes": [refusal.number],
    }
    return JSONResponse(body, refusal.status)


def _no_such(tenant: str) -> SignInRefused:
    return SignInRefused("invalid_tenant", 90002, f"Tenant '{tenant}' not found.", status=400)


def _check_request(house: House, tenant: str, form: dict[str, str]) -> None:
    if tenant != TENANT_ID:
        raise _no_such(tenant)
    if form.get("client_id") != CLIENT_ID:
        raise SignInRefused(
            "unauthorized_client", 700016, "The application was not found in the directory.", status=400
        )
    if form.get("grant_type") != "client_credentials":
        raise SignInRefused("unsupported_grant_type", 70003, "The grant type is not supported.", status=400)
    wanted = form.get("scope", "").split()
    if any(f"{graph}/.default" in wanted for _, graph in CLOUDS.values() if graph != _graph(house)):
        raise SignInRefused(
            "invalid_resource", 500011, "The resource principal was not found in the tenant.", status=400
        )
    if f"{_graph(house)}/.default" not in wanted:
        raise SignInRefused("invalid_scope", 1002012, "The scope must end with /.default.", status=400)
    if form.get("client_assertion_type") != _ASSERTION or not form.get("client_assertion"):
        raise SignInRefused(
            "invalid_client", 7000218, "The request body must contain client_assertion or client_secret."
        )


def _check_assertion(house: House, form: dict[str, str]) -> None:
    assertion = form["client_assertion"]
    try:
        header = json.loads(base64.urlsafe_b64decode(assertion.split(".")[0] + "=="))
    except ValueError:
        raise SignInRefused("invalid_client", 50027, "The JWT is malformed.") from None
    certificate = _certificate_of(house, header)
    if certificate is None:
        raise SignInRefused(
            "invalid_client",
            700027,
            "The certificate with that identifier is not registered on the application.",
        )
    public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        claims = jwt.decode(assertion, RSAKey.import_key(public), registry=_ROOMY).claims
    except (JoseError, ValueError):
        raise SignInRefused("invalid_client", 700027, "The assertion's signature is not valid.") from None
    if claims.get("iss") != CLIENT_ID or claims.get("sub") != CLIENT_ID or not claims.get("jti"):
        raise SignInRefused("invalid_client", 700021, "The assertion's issuer, subject or id is wrong.")
    if claims.get("aud") != f"{CLOUDS[house.teams.switches.cloud][0]}/{TENANT_ID}/oauth2/v2.0/token":
        raise SignInRefused("invalid_client", 700023, "The assertion's audience is not valid.")
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= time.time():
        raise SignInRefused("invalid_client", 700024, "The assertion is not within its valid time range.")


def _certificate_of(house: House, header: dict[str, Any]) -> x509.Certificate | None:
    for pem in house.teams.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        der = certificate.public_bytes(Encoding.DER)
        prints = {
            _base64url(hashlib.sha1(der).digest()),  # noqa: S324 - x5t is defined so
            _base64url(hashlib.sha256(der).digest()),
        }
        # Some libraries leave the padding on.
        if {str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256")} & prints:
            return certificate
    return None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _sign(house: House, claims: dict[str, Any], *, now: int) -> str:
    issued = {"iss": f"https://sts.windows.net/{TENANT_ID}/", "tid": TENANT_ID, "iat": now, "nbf": now}
    return house.graph_keys.sign(issued | {"exp": now + _TOKEN_LIFE_S} | claims)


def validation_token(house: House, **change: Any) -> str:
    """The proof that a notification comes from Graph's own publisher."""
    now = int(house.clock.now().timestamp())
    return _sign(house, {"aud": CLIENT_ID, "appid": GRAPH_APP} | change, now=now)


def permissions_of(house: House, authorization: str) -> list[str] | None:
    """What the bearer may do; None without a token of ours that still holds."""
    scheme, _, bearer = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    claims = house.graph_keys.read(bearer)
    if claims is None or claims.get("aud") != _graph(house) or claims.get("exp", 0) <= time.time():
        return None
    # As they stand now: a permission that was taken back is gone, though Microsoft's own take up to an hour.
    return list(house.teams.switches.permissions)


ROUTES = [
    Route("/login/{tenant}/v2.0/.well-known/openid-configuration", discovery),
    Route("/login/{tenant}/discovery/v2.0/keys", keys),
    Route("/login/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
]
