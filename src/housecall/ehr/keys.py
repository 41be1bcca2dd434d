"""Key pairs for asymmetric client authentication, and the assertions signed with them.

Source: SMART App Launch 2.2 §Client authentication: asymmetric; RS384 and ES384.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, RSAKey

from housecall.ehr.base import SigningKey
from housecall.ehr.errors import KeyUnusable
from housecall.kit.ids import new_token

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# The standard's cap is five minutes; one less leaves room for a clock that is behind.
ASSERTION_LIFE: Final = timedelta(minutes=4)

Algorithm = Literal["RS384", "ES384"]


def make_signing_key(algorithm: Algorithm = "ES384") -> SigningKey:
    """A fresh key pair with a random key id."""
    kid = new_token()
    fields: KeyParameters = {"kid": kid, "alg": algorithm, "use": "sig"}
    key: RSAKey | ECKey
    if algorithm == "RS384":
        key = RSAKey.generate_key(3072, fields, private=True)
    else:
        key = ECKey.generate_key("P-384", fields, private=True)
    return SigningKey(private_jwk=json.dumps(key.as_dict(private=True)), kid=kid)


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """The public half, ready to be published: bare numbers, key id, algorithm."""
    loaded, algorithm = _load(key)
    members = ("kty", "crv", "x", "y") if isinstance(loaded, ECKey) else ("kty", "n", "e")
    public = loaded.as_dict(private=False)
    return {name: public[name] for name in members} | {
        "kid": key.kid,
        "alg": algorithm,
        "use": "sig",
        "key_ops": ["verify"],
    }


def public_jwks(public_keys: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The set to serve at the JWKS address; old and new keys together while rotating."""
    return {"keys": list(public_keys)}


def client_assertion(key: SigningKey, *, client_id: str, audience: str, now: datetime) -> str:
    """A signed statement that we are ``client_id``, for the token endpoint ``audience``, to be used once."""
    loaded, algorithm = _load(key)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIFE).timestamp()),
        "jti": new_token(),
    }
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, loaded, algorithms=[algorithm])


def _load(key: SigningKey) -> tuple[RSAKey | ECKey, Algorithm]:
    try:
        fields = json.loads(key.private_jwk)
        if fields.get("kty") == "RSA":
            return RSAKey.import_key(fields), "RS384"
        if fields.get("kty") == "EC" and fields.get("crv") == "P-384":
            return ECKey.import_key(fields), "ES384"
    except (ValueError, TypeError, AttributeError, JoseError):
        # The cause would show the key.
        raise KeyUnusable from None
    raise KeyUnusable
