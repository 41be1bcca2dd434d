"""Change notifications: who is told of what. Both addresses are asked before anything is promised."""

import base64
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.kit.ids import new_uuid
from housecall.sandbox.house import House
from housecall.sandbox.teams import words
from housecall.sandbox.teams.door import graph, read_form
from housecall.sandbox.teams.errors import GraphRefused
from housecall.sandbox.teams.login import permissions_of
from housecall.sandbox.teams.tenant import Subscription

CALL_RECORDS: Final = "communications/callRecords"
_CALL_EVENTS: Final = re.compile(r"communications/onlineMeetings\(joinWebUrl='([^']+)'\)/meetingCallEvents")
_NEEDED: Final = ("changeType", "notificationUrl", "resource", "expirationDateTime")
_LONGEST: Final = timedelta(days=3)
# Longer than this, and Graph wants an address for lifecycle notifications as well.
_SHORT: Final = timedelta(hours=1)
_LONGEST_STATE: Final = 128
_VALIDATE_WITHIN_S: Final = 10


@graph()
async def create(house: House, request: Request) -> Response:
    """201 with the subscription, once both addresses have given back the token they were sent."""
    form = await read_form(request)
    words.check(form, words.SUBSCRIPTION, of="subscription")
    for name in _NEEDED:
        if not form.get(name):
            raise _invalid(f"{name} is required.")
    _check_resource(house, request, form)
    expires = _check_expiry(house, form)
    _check_secrets(form)
    lifecycle = form.get("lifecycleNotificationUrl")
    if form.get("includeResourceData") and expires - house.clock.now() > _SHORT and not lifecycle:
        raise _invalid("lifecycleNotificationUrl is a required property for this resource.")
    for address in (form["notificationUrl"], *([lifecycle] if lifecycle else [])):
        await _validate(house, address)
    made = Subscription(str(new_uuid()), form, expires)
    house.teams.subscriptions[made.id] = made
    house.world.touch()
    return JSONResponse(_shown(made), 201)


def _check_resource(house: House, request: Request, form: dict[str, Any]) -> None:
    resource = form["resource"].strip("/")
    held = permissions_of(house, request.headers.get("authorization", "")) or []
    if any(word not in words.CHANGE_TYPES for word in form["changeType"].split(",")):
        raise _invalid("changeType is created, updated or deleted.")
    if resource == CALL_RECORDS:
        _demand("CallRecords.Read.All" in held)
        return
    match = _CALL_EVENTS.fullmatch(resource)
    if match is None or request.path_params["version"] != "beta":
        raise _invalid(f"Unsupported resource '{resource}'.")
    _demand(bool({"OnlineMeetings.Read.All", "OnlineMeetings.ReadWrite.All"} & set(held)))
    if form["changeType"] != "updated":
        raise _invalid("Only changeType updated is supported for this resource.")
    if house.teams.meeting_at(unquote(match[1])) is None:
        raise GraphRefused(404, "NotFound", "The meeting does not exist.")
    now = house.clock.now()
    same = [
        each for each in house.teams.subscriptions.values() if each.fields["resource"].strip("/") == resource
    ]
    if any(each.expires > now for each in same):
        raise GraphRefused(409, "Conflict", "There is a subscription of this application for this meeting.")


def _demand(is_allowed: bool) -> None:
    if not is_allowed:
        raise GraphRefused(
            403, "ExtensionError", "Operation: Create; Exception: Status Code: Forbidden; Reason: Forbidden."
        )


def _invalid(message: str) -> GraphRefused:
    return GraphRefused(400, "InvalidRequest", message)


def _check_expiry(house: House, form: dict[str, Any]) -> datetime:
    expires, now = words.read_time("expirationDateTime", form["expirationDateTime"]), house.clock.now()
    if not now < expires <= now + _LONGEST:
        raise _invalid("Subscription expiration can only be 4320 minutes in the future.")
    return expires


def _check_secrets(form: dict[str, Any]) -> None:
    if len(form.get("clientState", "")) > _LONGEST_STATE:
        raise _invalid("clientState is at most 128 characters.")
    if not form.get("includeResourceData"):
        return
    if not form.get("encryptionCertificate") or not form.get("encryptionCertificateId"):
        raise _invalid(
            "encryptionCertificate and encryptionCertificateId are required with includeResourceData."
        )
    key = public_key(form["encryptionCertificate"])
    if key is None or key.key_size < 2048:
        raise _invalid(
            "encryptionCertificate must be an X.509 certificate with an RSA key of 2048 bits or more."
        )


def public_key(certificate: str) -> RSAPublicKey | None:
    """The key in a certificate that is base64 of its DER form; None of anything else."""
    try:
        key = x509.load_der_x509_certificate(base64.b64decode(certificate, validate=True)).public_key()
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) else None


async def _validate(house: House, address: str) -> None:
    url = urlsplit(address)
    # The real one takes https only; this one is on the same machine as the Housecall it talks to.
    if url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1", "test"):
        raise _invalid("The notification address must be https.")
    proof = f"Validation: Testing client application reachability {secrets.token_urlsafe(12)}"
    try:
        answer = await house.outward.post(
            address, params={"validationToken": proof}, timeout=_VALIDATE_WITHIN_S
        )
    except httpx.HTTPError:
        raise GraphRefused(400, "ValidationError", "The notification address did not answer.") from None
    is_plain = answer.headers.get("content-type", "").startswith("text/plain")
    if answer.status_code != 200 or not is_plain or answer.text != proof:
        raise GraphRefused(
            400, "ValidationError", "The notification address must give back the validation token."
        )


def _shown(one: Subscription) -> dict[str, Any]:
    hidden = ("encryptionCertificate", "clientState")
    shown = {name: value for name, value in one.fields.items() if name not in hidden}
    return shown | {"id": one.id, "expirationDateTime": one.expires.isoformat(), "clientState": None}


def _named(house: House, request: Request) -> Subscription:
    one = house.teams.subscriptions.get(request.path_params["subscription_id"])
    if one is None or one.expires <= house.clock.now():
        raise GraphRefused(404, "ResourceNotFound", "The object was not found.")
    return one


@graph()
async def renew(house: House, request: Request) -> Response:
    """The subscription lasts until then."""
    one, form = _named(house, request), await read_form(request)
    words.check(form, words.RENEWAL, of="subscription")
    one.expires = _check_expiry(house, form)
    house.world.touch()
    return JSONResponse(_shown(one))


@graph()
async def reauthorize(house: House, request: Request) -> Response:
    """The subscription goes on; it does not last longer for it."""
    _named(house, request)
    return Response(status_code=204)


@graph()
async def delete(house: House, request: Request) -> Response:
    """Nobody is told any more."""
    del house.teams.subscriptions[_named(house, request).id]
    house.world.touch()
    return Response(status_code=204)


_ONE: Final = "/graph/{version}/subscriptions/{subscription_id}"
ROUTES = [
    Route("/graph/{version}/subscriptions", create, methods=["POST"]),
    Route(_ONE, renew, methods=["PATCH"]),
    Route(_ONE, delete, methods=["DELETE"]),
    Route(f"{_ONE}/reauthorize", reauthorize, methods=["POST"]),
]
