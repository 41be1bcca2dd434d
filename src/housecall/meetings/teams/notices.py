"""What Graph tells us by itself: proven to come from Graph, opened with our key, read."""

import base64
import binascii
import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.padding import PKCS7
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from housecall.kit.clock import Clock
from housecall.meetings.base import FollowingNews, RosterEvent
from housecall.meetings.errors import MeetingUnavailable, NoticeForged
from housecall.meetings.teams.certificate import Certificate
from housecall.meetings.teams.clouds import Cloud
from housecall.meetings.teams.reading import read_event

log = logging.getLogger(__name__)

Json = dict[str, Any]
# Source: Graph's page on notifications with resource data: the one app that publishes them.
PUBLISHER: Final = "0bf30f3b-4a52-48df-9a82-234910c4a086"
# Source: Graph's page on lifecycle events. Another kind changes nothing.
LIFECYCLE: Final = {
    "reauthorizationRequired": FollowingNews.ends_soon,
    "subscriptionRemoved": FollowingNews.ended,
    "missed": FollowingNews.missed,
}
_KEYS_LIVE: Final = timedelta(hours=12)
_LEEWAY: Final = timedelta(minutes=5)


@dataclass
class _Known:
    keys: KeySet
    at: datetime


class NoticeReader:
    """Reads notifications meant for one app; Microsoft's signing keys are kept for half a day."""

    def __init__(
        self, *, tenant: str, client_id: str, keys: Sequence[Certificate], cloud: Cloud, clock: Clock
    ) -> None:
        self._tenant, self._client_id = tenant, client_id
        self._certificates, self._cloud, self._clock = {one.thumbprint: one for one in keys}, cloud, clock
        self._known: _Known | None = None

    async def read(self, item: Json, proofs: list[str]) -> RosterEvent | None:
        """The event in the notification, or None of a kind we do not know; raises NoticeForged."""
        await self._prove(proofs)
        content = item.get("encryptedContent")
        if not isinstance(content, dict):
            raise NoticeForged
        return read_event(self._open(content))

    async def _prove(self, proofs: list[str]) -> None:
        if not proofs:
            raise NoticeForged
        for proof in proofs:
            claims = await self._claims(proof)
            if self._is_for_us(claims) and claims.get("appid", claims.get("azp")) == PUBLISHER:
                return
        raise NoticeForged

    async def _claims(self, proof: str) -> Json:
        for fresh in (False, True):
            keys = await self._keys(fresh=fresh)
            try:
                return jwt.decode(proof, keys, algorithms=["RS256"]).claims
            except (JoseError, ValueError):
                # Microsoft changes its keys daily: look once more before it counts as forged.
                continue
        raise NoticeForged

    def _is_for_us(self, claims: Json) -> bool:
        now = self._clock.now().timestamp()
        issuers = {f"https://sts.windows.net/{self._tenant}/", f"{self._cloud.login}/{self._tenant}/v2.0"}
        lasts = isinstance(claims.get("exp"), int | float) and claims["exp"] + _LEEWAY.total_seconds() > now
        return claims.get("aud") == self._client_id and claims.get("iss") in issuers and lasts

    async def _keys(self, *, fresh: bool) -> KeySet:
        now = self._clock.now()
        if self._known is None or self._known.at + _KEYS_LIVE < now or fresh:
            self._known = _Known(await self._fetch(), now)
        return self._known.keys

    async def _fetch(self) -> KeySet:
        url = f"{self._cloud.login_base}/{self._tenant}/discovery/v2.0/keys"
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=not self._cloud.stand_in) as http:
                answer = await http.get(url)
            answer.raise_for_status()
            return KeySet.import_key_set(answer.json())
        except (httpx.HTTPError, JoseError, ValueError):
            raise MeetingUnavailable from None

    def _open(self, content: Json) -> Json:
        try:
            wrapped, data = _bytes(content, "dataKey"), _bytes(content, "data")
            key = self._certificates[content["encryptionCertificateId"]].private_key.decrypt(
                wrapped,
                OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None),  # noqa: S303 - as Graph does it
            )
            signature = hmac.new(key, data, hashlib.sha256).digest()
            if not hmac.compare_digest(signature, _bytes(content, "dataSignature")):
                raise NoticeForged
            decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
            padded = decryptor.update(data) + decryptor.finalize()
            unpadder = PKCS7(128).unpadder()
            opened = json.loads(unpadder.update(padded) + unpadder.finalize())
        except (ValueError, KeyError, TypeError, InvalidKey, binascii.Error):
            raise NoticeForged from None
        if not isinstance(opened, dict):
            raise NoticeForged
        return opened


def _bytes(content: Json, name: str) -> bytes:
    return base64.b64decode(content[name], validate=True)
