"""The deployment's key pair for asymmetric client authentication: made once, the private half sealed."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text

from housecall.db.work import Work
from housecall.ehr.base import SigningKey as EhrSigningKey
from housecall.ehr.keys import make_signing_key, public_jwk
from housecall.kit.sealing import Sealer
from housecall.tenancy import store
from housecall.tenancy.tables import SigningKey

_LOCK = 42_002


async def ensure_signing_key(work: Work, sealer: Sealer, *, now: datetime) -> EhrSigningKey:
    """The newest key, made if there is none; two nodes starting at once make one."""
    await work.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    keys = await store.list_signing_keys(work)
    if keys:
        newest = keys[0]
        return EhrSigningKey(
            private_jwk=sealer.open(newest.private_sealed, purpose=f"key:{newest.kid}"), kid=newest.kid
        )
    made = make_signing_key("ES384")
    work.session.add(
        SigningKey(
            kid=made.kid,
            algorithm="ES384",
            private_sealed=sealer.seal(made.private_jwk, purpose=f"key:{made.kid}"),
            public_jwk=json.dumps(public_jwk(made)),
            created_at=now,
            retired_at=None,
        )
    )
    return made


async def published_keys(work: Work) -> dict[str, Any]:
    """Our public keys as a JWK set, old ones included until they are retired."""
    return {"keys": [json.loads(key.public_jwk) for key in await store.list_signing_keys(work)]}
