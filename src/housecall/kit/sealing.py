"""Secrets at rest: sealed with AES-256-GCM under the master key, bound to what they belong to.

A sealed value is ``b"\\x01" + key number + nonce + ciphertext``. Several master keys may be known at once:
the newest seals, all of them open, so that a key can be rotated on live data.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from housecall.kit.errors import HousecallError, Kind

_FORMAT = 1
_NONCE_BYTES = 12


class SealBroken(HousecallError):
    """A stored secret could not be opened; HOUSECALL_MASTER_KEY is probably not the one that sealed it."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "kit.seal_broken"


class Sealer:
    """Seals and opens secrets, and derives keys; holds the master keys and shows them to nobody."""

    def __init__(self, *keys: bytes) -> None:
        """``keys``: 32 bytes each, newest first."""
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a master key has 32 bytes")
        self._keys = keys

    def seal(self, plain: str, *, purpose: str) -> bytes:
        """``plain`` encrypted so that only the same ``purpose`` opens it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self._keys[0]).encrypt(nonce, plain.encode(), purpose.encode())
        return bytes([_FORMAT]) + self._number(self._keys[0]) + nonce + cipher

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """What was sealed; raises SealBroken when key, purpose or bytes are not the right ones."""
        number, nonce, cipher = sealed[1:5], sealed[5 : 5 + _NONCE_BYTES], sealed[5 + _NONCE_BYTES :]
        if sealed[:1] != bytes([_FORMAT]) or len(nonce) < _NONCE_BYTES:
            raise SealBroken
        for key in self._keys:
            if self._number(key) == number:
                try:
                    return AESGCM(key).decrypt(nonce, cipher, purpose.encode()).decode()
                except InvalidTag:
                    raise SealBroken from None
        raise SealBroken

    def derive(self, purpose: str, *, key_index: int = 0) -> bytes:
        """A 32-byte key for one purpose, the same on every node."""
        return hmac.new(self._keys[key_index], b"derive:" + purpose.encode(), hashlib.sha256).digest()

    def derive_each(self, purpose: str) -> tuple[bytes, ...]:
        """What ``derive`` gives under every known master key, newest first: hashes outlive a rotation."""
        return tuple(self.derive(purpose, key_index=index) for index in range(len(self._keys)))

    def hashes(self, purpose: str, text: str) -> tuple[str, ...]:
        """``text`` as a keyed hash under every known master key, newest first: kept by the first, found by any."""
        keys = self.derive_each(purpose)
        return tuple(hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in keys)

    @staticmethod
    def _number(key: bytes) -> bytes:
        return hashlib.sha256(b"number:" + key).digest()[:4]


def seal_apart(sealer: Sealer, plain: str, *, purpose: str) -> tuple[bytes, bytes]:
    """``plain`` sealed under a fresh key of its own, and that key, sealed: destroying the second ends the first."""
    key = secrets.token_bytes(32)
    encoded = base64.b64encode(key).decode()
    return Sealer(key).seal(plain, purpose=purpose), sealer.seal(encoded, purpose=purpose)


def open_apart(sealer: Sealer, sealed: bytes, key_sealed: bytes, *, purpose: str) -> str:
    """What ``seal_apart`` sealed; raises SealBroken."""
    key = base64.b64decode(sealer.open(key_sealed, purpose=purpose))
    return Sealer(key).open(sealed, purpose=purpose)


def parse_master_keys(text: str) -> list[bytes]:
    """Keys from ``HOUSECALL_MASTER_KEY``: base64 of 32 bytes each, newest first, separated by commas."""
    try:
        keys = [
            base64.b64decode(part.strip() + "==", altchars=b"-_") for part in text.split(",") if part.strip()
        ]
    except ValueError:
        keys = []
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("HOUSECALL_MASTER_KEY must be 32 bytes in base64 (several: separated by commas)")
    return keys


def read_or_make_key(path: Path) -> bytes:
    """The key in the file, made with mode 0600 if there is none; the caller warns that it was made.

    Of several processes that start at once one makes it, and none ever reads half of one.
    """
    if not path.exists():
        growing = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(growing, path)
        growing.unlink()
    return base64.b64decode(path.read_text().strip())
