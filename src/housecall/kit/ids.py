"""Identifiers: random, opaque, without meaning."""

import hashlib
import secrets
import uuid
from typing import NewType

OrgId = NewType("OrgId", uuid.UUID)

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: read aloud and typed without doubt


def new_uuid() -> uuid.UUID:
    """A random UUID (version 4)."""
    return uuid.uuid4()


def short_id(prefix: str, length: int = 16) -> str:
    """An opaque id like ``c_7k3m…``: ``length`` characters of five bits each."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_token() -> str:
    """A bearer token of 192 random bits, 32 characters safe in a URL."""
    return secrets.token_urlsafe(24)


def hash_token(token: str) -> str:
    """SHA-256 of a bearer token in hex: what is stored in its place."""
    return hashlib.sha256(token.encode()).hexdigest()
