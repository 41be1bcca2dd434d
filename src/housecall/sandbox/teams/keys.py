"""The key that signs Microsoft's tokens in the sandbox."""

from functools import cached_property
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from housecall.kit.ids import short_id


class GraphKeys:
    """One RSA key, made when first needed."""

    @cached_property
    def _key(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": short_id("ms")}, private=True)

    def public(self) -> dict[str, object]:
        """The JWK set as Microsoft publishes it."""
        shown = {name: self._key.as_dict(private=False)[name] for name in ("kty", "kid", "n", "e")}
        return {"keys": [shown | {"use": "sig"}]}

    def sign(self, claims: dict[str, Any]) -> str:
        """A token."""
        return jwt.encode({"alg": "RS256", "kid": str(self._key.kid), "typ": "JWT"}, claims, self._key)

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that this key signed; None of any other."""
        try:
            return jwt.decode(token, self._key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
