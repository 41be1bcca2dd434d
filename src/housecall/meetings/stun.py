"""STUN messages as a TURN relay speaks them: written, read, and signed with short-lived credentials."""

import hashlib
import hmac
import ipaddress
import secrets
import struct
from dataclasses import dataclass, field
from typing import Final

_COOKIE: Final = 0x2112A442
_HEADER: Final = struct.Struct("!HHI12s")
HEADER_BYTES: Final = _HEADER.size
_INTEGRITY_BYTES: Final = 24

# Methods and classes (RFC 8489 §5, RFC 8656 §17): a request, and what comes back for it.
ALLOCATE: Final = 0x0003
REFRESH: Final = 0x0004
CREATE_PERMISSION: Final = 0x0008
_SUCCESS: Final = 0x0100
_FAILURE: Final = 0x0110

# Attributes (RFC 8489 §18.3, RFC 8656 §18).
USERNAME: Final = 0x0006
_INTEGRITY: Final = 0x0008
_ERROR_CODE: Final = 0x0009
LIFETIME: Final = 0x000D
PEER_ADDRESS: Final = 0x0012
REALM: Final = 0x0014
NONCE: Final = 0x0015
RELAYED_ADDRESS: Final = 0x0016
REQUESTED_TRANSPORT: Final = 0x0019

Address = tuple[str, int]


class NotStun(ValueError):
    """What came is no STUN message."""


@dataclass(frozen=True)
class Request:
    """A request not yet signed; a new transaction each."""

    method: int
    attributes: list[tuple[int, bytes]] = field(default_factory=list)
    transaction: bytes = field(default_factory=lambda: secrets.token_bytes(12))

    def write(self) -> bytes:
        """The request without credentials."""
        return self._head(self._body()) + self._body()

    def sign(self, user: str, password: str, realm: bytes, nonce: bytes) -> bytes:
        """The request with long-term credentials (RFC 8489 §9.2)."""
        named = [(USERNAME, user.encode()), (REALM, realm), (NONCE, nonce)]
        signed = Request(self.method, [*self.attributes, *named], self.transaction)
        body = signed._body()
        head = self._head(body, more=_INTEGRITY_BYTES)
        # MD5 and SHA-1 are the protocol's own; relays in use know no others.
        key = hashlib.md5(
            b":".join((user.encode(), realm, password.encode())), usedforsecurity=False
        ).digest()
        digest = hmac.new(key, head + body, hashlib.sha1).digest()
        return head + body + _attribute(_INTEGRITY, digest)

    def _body(self) -> bytes:
        return b"".join(_attribute(kind, value) for kind, value in self.attributes)

    def _head(self, body: bytes, *, more: int = 0) -> bytes:
        return _HEADER.pack(self.method, len(body) + more, _COOKIE, self.transaction)


@dataclass(frozen=True)
class Answer:
    """What a relay said to one request."""

    is_success: bool
    transaction: bytes
    attributes: dict[int, bytes]

    @property
    def code(self) -> int:
        """The error's number, such as 401; 0 where none was given."""
        value = self.attributes.get(_ERROR_CODE, b"")
        return value[2] * 100 + value[3] if len(value) >= 4 else 0

    @property
    def relayed(self) -> Address | None:
        """The address that the relay gave us."""
        value = self.attributes.get(RELAYED_ADDRESS)
        return _read_address(value, self.transaction) if value else None


def length_of(head: bytes) -> int:
    """How many bytes follow this header; raises NotStun."""
    kind, length, cookie, _ = _HEADER.unpack(head)
    if cookie != _COOKIE or kind >> 14 or length % 4:
        raise NotStun
    return int(length)


def read_answer(message: bytes) -> Answer:
    """The answer in a whole message; raises NotStun."""
    if len(message) < HEADER_BYTES or len(message) != HEADER_BYTES + length_of(message[:HEADER_BYTES]):
        raise NotStun
    kind, _, _, transaction = _HEADER.unpack(message[:HEADER_BYTES])
    if kind & _FAILURE not in (_SUCCESS, _FAILURE):
        raise NotStun
    return Answer(kind & _FAILURE == _SUCCESS, transaction, _read_attributes(message[HEADER_BYTES:]))


def write_address(address: Address, transaction: bytes) -> bytes:
    """An address as XOR-PEER-ADDRESS carries it (RFC 8489 §14.2)."""
    host = ipaddress.ip_address(address[0])
    family = 1 if host.version == 4 else 2
    return struct.pack("!BBH", 0, family, address[1] ^ (_COOKIE >> 16)) + _mask(host.packed, transaction)


def _read_address(value: bytes, transaction: bytes) -> Address:
    if len(value) not in (8, 20):
        raise NotStun
    port = struct.unpack("!H", value[2:4])[0] ^ (_COOKIE >> 16)
    return str(ipaddress.ip_address(_mask(value[4:], transaction))), port


def _mask(packed: bytes, transaction: bytes) -> bytes:
    mask = struct.pack("!I", _COOKIE) + transaction
    return bytes(one ^ other for one, other in zip(packed, mask, strict=False))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _read_attributes(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(body):
        kind, length = struct.unpack("!HH", body[at : at + 4])
        if at + 4 + length > len(body):
            raise NotStun
        found.setdefault(kind, body[at + 4 : at + 4 + length])
        at += 4 + length + (-length % 4)
    return found
