"""Join links: made from a nonce and the master key, so that one can be made again and none is stored."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from housecall.kit.ids import hash_token, new_token
from housecall.kit.sealing import Sealer
from housecall.visits.desk import Desk
from housecall.visits.errors import LinkLost
from housecall.visits.tables import Seat

_PURPOSE: Final = "join-link"
_TOKEN_BYTES: Final = 24


@dataclass(frozen=True)
class Coined:
    """A new link's nonce, and the hash of its token: both are stored, and together they open nothing."""

    nonce: str
    token_hash: str


def coin(sealer: Sealer) -> Coined:
    """A fresh link under the newest master key."""
    nonce = new_token()
    return Coined(nonce, hash_token(_token(sealer.derive(_PURPOSE), nonce)))


def make_link(desk: Desk, seat: Seat) -> str:
    """The seat's whole address, the same each time; raises LinkLost when its master key is gone."""
    return f"{desk.public_url}/v/{_token_of(desk.sealer, seat)}"


def _token_of(sealer: Sealer, seat: Seat) -> str:
    for key in sealer.derive_each(_PURPOSE):
        token = _token(key, seat.token_nonce)
        if hmac.compare_digest(hash_token(token), seat.token_hash):
            return token
    raise LinkLost


def _token(key: bytes, nonce: str) -> str:
    digest = hmac.new(key, nonce.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()
