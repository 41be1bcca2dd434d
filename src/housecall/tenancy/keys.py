"""The deployment's key pairs for asymmetric client authentication: one signs, the private halves are sealed.

A new key is published at once and signs only when every EHR can have seen it; the one before it stays published,
for what it signed may still be on its way, and for EHRs that keep a set longer than we ask them to.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import SigningKey as EhrSigningKey
from housecall.ehr.keys import Algorithm, make_signing_key, public_jwk
from housecall.ehr.registry import PROFILES
from housecall.kit.clock import Clock
from housecall.kit.sealing import Sealer
from housecall.tenancy import store
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.tables import SigningKey

_LOCK = 42_002
# What the key set's own answer asks of who keeps a copy.
JWKS_FRESH_FOR: Final = timedelta(minutes=5)
# Twice that: by then an EHR that does as asked has fetched the set with the new key in it.
SIGNS_AFTER: Final = 2 * JWKS_FRESH_FOR
# A day for EHRs that keep a set longer than we ask.
PUBLISHED_FOR: Final = timedelta(hours=24)
# How often a process asks which key signs: a connection declared while it runs works within this.
RELOAD_EVERY_S: Final = 5.0


_RS384_ONLY: Final = frozenset(
    vendor for vendor, profile in PROFILES.items() if profile.signs_with == "RS384"
)


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: the new key, when it begins to sign, and how many keys are published and retired."""

    kid: str
    algorithm: str
    signs_from: datetime
    published: int
    retired: int


async def ensure_signing_key(
    work: Work, sealer: Sealer, *, now: datetime, algorithm: Algorithm | None = None
) -> EhrSigningKey:
    """The key that signs now, of this kind if one is named; made if there is none, once for all nodes."""
    await _lock(work)
    keys = [
        key for key in await store.list_signing_keys(work) if algorithm is None or key.algorithm == algorithm
    ]
    if not keys:
        return _add_key(work, sealer, algorithm or "ES384", now)
    # The very first key has none before it to sign meanwhile.
    signing = next((key for key in keys if key.created_at + SIGNS_AFTER <= now), keys[-1])
    private = sealer.open(signing.private_sealed, purpose=f"key:{signing.kid}")
    return EhrSigningKey(private_jwk=private, kid=signing.kid)


async def rotate_signing_key(
    work: Work, sealer: Sealer, *, now: datetime, algorithm: Algorithm | None = None
) -> Rotation:
    """A new key is published and will sign; keys that were replaced a day ago or longer are published no more."""
    await _lock(work)
    keys = await store.list_signing_keys(work)
    retired = 0
    for successor, key in itertools.pairwise(keys):
        if successor.created_at + PUBLISHED_FOR <= now:
            key.retired_at, retired = now, retired + 1
    made = _add_key(work, sealer, algorithm or _algorithm_of(keys), now)
    await work.session.flush()
    published = await store.list_signing_keys(work)
    return Rotation(made.kid, published[0].algorithm, now + SIGNS_AFTER, len(published), retired)


async def published_keys(work: Work) -> dict[str, Any]:
    """Our public keys as a JWK set, old ones included until they are retired."""
    return {"keys": [json.loads(key.public_jwk) for key in await store.list_signing_keys(work)]}


async def reload_signing_key(
    database: Database, directory: EhrDirectory, sealer: Sealer, clock: Clock
) -> None:
    """This process signs with the keys that are the right ones now, whoever rotated or needed them."""
    async with database.work() as work:
        await load_signing_keys(work, directory, sealer, now=clock.now())


async def load_signing_keys(work: Work, directory: EhrDirectory, sealer: Sealer, *, now: datetime) -> None:
    """The directory signs with the key of now; one of kind RS384 is made once an EHR takes no other."""
    key = await ensure_signing_key(work, sealer, now=now)
    needs_rs384 = await store.has_connection_of(work, sorted(_RS384_ONLY))
    rs384 = await ensure_signing_key(work, sealer, now=now, algorithm="RS384") if needs_rs384 else None
    directory.use_signing_key(key, rs384=rs384)


def _add_key(work: Work, sealer: Sealer, algorithm: Algorithm, now: datetime) -> EhrSigningKey:
    made = make_signing_key(algorithm)
    work.session.add(
        SigningKey(
            kid=made.kid,
            algorithm=algorithm,
            private_sealed=sealer.seal(made.private_jwk, purpose=f"key:{made.kid}"),
            public_jwk=json.dumps(public_jwk(made)),
            created_at=now,
            retired_at=None,
        )
    )
    return made


def _algorithm_of(keys: Sequence[SigningKey]) -> Algorithm:
    return "RS384" if keys and keys[0].algorithm == "RS384" else "ES384"


async def _lock(work: Work) -> None:
    await work.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
