"""HMAC-SHA256 over bodies: how a hook proves who sent it."""

import hashlib
import hmac


def sign(secret: str, body: bytes) -> str:
    """The signature of ``body`` in hex."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, body: bytes, signature: str) -> bool:
    """Whether ``signature`` is that of ``body``, compared in constant time."""
    # As bytes: compared as text, a signature outside ASCII would raise instead of being wrong.
    return hmac.compare_digest(sign(secret, body).encode(), signature.strip().lower().encode())
