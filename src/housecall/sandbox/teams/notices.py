"""Notifications as Graph sends them: encrypted for the subscriber, signed for, and of the lifecycle."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, Final
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.padding import PKCS7

from housecall.kit.ids import new_uuid
from housecall.sandbox.house import House
from housecall.sandbox.teams.login import validation_token
from housecall.sandbox.teams.subscriptions import CALL_RECORDS, public_key
from housecall.sandbox.teams.tenant import TENANT_ID, Caller, Meeting, Subscription

_AGAIN_AFTER_S: Final = (0.5, 2.0)
_DAY: Final = "#microsoft.graph.callevent"


def of_roster(caller: Caller, *, removed: str | None = None) -> dict[str, Any]:
    """One person as a notification names them."""
    who = {"displayName": caller.name, "tenantId": TENANT_ID if caller.user_id else None}
    identity = (
        {"user": who | {"id": caller.user_id}} if caller.user_id else {"guest": who | {"id": caller.id}}
    )
    shown: dict[str, Any] = {"info": {"identity": identity}, "isInLobby": caller.in_lobby, "id": caller.id}
    return shown | ({"removedState": {"reason": removed}} if removed else {})


def tell_call(house: House, meeting: Meeting, event: str, roster: list[dict[str, Any]] | None = None) -> None:
    """Whoever follows the meeting's call hears of the event soon."""
    address = quote(meeting.fields["joinWebUrl"], safe="")
    resource = f"communications/onlineMeetings(joinWebUrl='{address}')/meetingCallEvents"
    content: dict[str, Any] = {
        "@odata.type": _DAY,
        "@odata.id": resource,
        "id": str(new_uuid()),
        "eventType": event,
        "eventDateTime": house.clock.now().isoformat(),
    }
    if roster is not None:
        content["participants@delta"] = roster
    for one in _live(house, resource):
        house.begin(_deliver(house, one, content))


def tell_record(house: House, record_id: str) -> None:
    """Whoever follows call records hears that there is one."""
    for one in _live(house, CALL_RECORDS):
        content = {"@odata.type": "#microsoft.graph.callrecord", "id": record_id}
        house.begin(_deliver(house, one, content | {"@odata.id": f"{CALL_RECORDS}/{record_id}"}))


def _live(house: House, resource: str) -> list[Subscription]:
    now = house.clock.now()
    return [
        one
        for one in house.teams.subscriptions.values()
        if one.fields["resource"].strip("/") == resource and one.expires > now
    ]


async def _deliver(house: House, one: Subscription, content: dict[str, Any]) -> None:
    if not house.teams.switches.notify:
        if one.id not in house.teams.missed:
            house.teams.missed.append(one.id)
        return
    item = {
        **_head(one),
        "changeType": one.fields["changeType"],
        "resource": one.fields["resource"].strip("/"),
        "resourceData": {name: content[name] for name in ("@odata.type", "@odata.id", "id")},
    }
    body: dict[str, Any] = {"value": [item]}
    if one.fields.get("includeResourceData"):
        item["encryptedContent"] = encrypt(content, one.fields)
        body["validationTokens"] = [validation_token(house)]
    await _post(house, one.fields["notificationUrl"], body)


async def tell_lifecycle(house: House, one: Subscription, event: str) -> None:
    """The subscriber hears what became of the subscription itself."""
    address = one.fields.get("lifecycleNotificationUrl")
    if address:
        await _post(house, address, {"value": [_head(one) | {"lifecycleEvent": event}]})


def _head(one: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": one.expires.isoformat(),
        "tenantId": TENANT_ID,
        "organizationId": TENANT_ID,
        "clientState": one.fields.get("clientState"),
    }


async def _post(house: House, address: str, body: dict[str, Any]) -> None:
    """Posted, and again where the subscriber could not take it; the real one goes on with that for hours."""
    for wait_s in (*_AGAIN_AFTER_S, None):
        try:
            answer = await house.outward.post(address, json=body)
        except httpx.HTTPError:
            return
        house.graph_told.append((body, answer.status_code))
        if answer.status_code < 500 or wait_s is None:
            return
        await asyncio.sleep(wait_s)


def encrypt(content: dict[str, Any], fields: dict[str, Any]) -> dict[str, str]:
    """The content for the holder of the certificate's key only, as Graph encrypts it."""
    key = secrets.token_bytes(32)
    padder = PKCS7(128).padder()
    padded = padder.update(json.dumps(content).encode()) + padder.finalize()
    # Source: Graph's rules for rich notifications: AES-CBC with the key's first 16 bytes as vector.
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    data = encryptor.update(padded) + encryptor.finalize()
    public = public_key(fields["encryptionCertificate"])
    assert public is not None
    wrapped = public.encrypt(key, OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None))  # noqa: S303
    der = base64.b64decode(fields["encryptionCertificate"])
    return {
        "data": base64.b64encode(data).decode(),
        "dataSignature": base64.b64encode(hmac.new(key, data, hashlib.sha256).digest()).decode(),
        "dataKey": base64.b64encode(wrapped).decode(),
        "encryptionCertificateId": fields["encryptionCertificateId"],
        "encryptionCertificateThumbprint": hashlib.sha1(der).hexdigest().upper(),  # noqa: S324
    }
