"""The authorization server's keys: mixed kinds, no ``alg``, no ``use``, and they rotate."""

from functools import cached_property

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from housecall.kit.ids import short_id


class Keys:
    """One RSA key signs id tokens, one EC key signs access tokens; earlier ones are still published.

    Keys are made when first needed: an RSA key costs a tenth of a second.
    """

    def __init__(self) -> None:
        self._earlier: list[RSAKey | ECKey] = []

    @cached_property
    def rsa(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": short_id("rsa")}, private=True)

    @cached_property
    def ec(self) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": short_id("ec")}, private=True)

    @cached_property
    def bystander(self) -> ECKey:
        """A key that signs nothing: real sets mix kinds and curves."""
        return ECKey.generate_key("P-384", {"kid": short_id("ec")}, private=True)

    def rotate(self) -> None:
        """New keys sign from now on; the former stay published, those before them do not."""
        self._earlier = [self.rsa, self.ec]
        del self.rsa, self.ec

    def published(self) -> dict[str, object]:
        """The JWK set."""
        keys: list[RSAKey | ECKey] = [self.bystander, self.ec, self.rsa, *self._earlier]
        shown = ("kty", "kid", "n", "e", "crv", "x", "y")
        return {
            "keys": [
                {name: value for name, value in key.as_dict(private=False).items() if name in shown}
                for key in keys
            ]
        }

    def sign_identity(self, claims: dict[str, object]) -> str:
        """An id token."""
        return jwt.encode({"alg": "RS256", "kid": str(self.rsa.kid), "typ": "JWT"}, claims, self.rsa)

    def sign_access(self, claims: dict[str, object]) -> str:
        """An access token."""
        return jwt.encode({"alg": "ES256", "kid": str(self.ec.kid), "typ": "JWT"}, claims, self.ec)
