"""A sign-in under way: what we must know again when the browser comes back from the provider, sealed in its cookie."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.kit.ids import new_token
from housecall.kit.sealing import SealBroken, Sealer
from housecall.tenancy.errors import SignInFailed

ATTEMPT_COOKIE: Final = "__Host-hc_sign_in"
ATTEMPT_LIFE: Final = timedelta(minutes=10)
FIRST_PAGE: Final = "/portal"
# Clinicians come in by the same door where the EHR cannot launch.
TODAY: Final = "/panel/today"
_PURPOSE: Final = "portal-sign-in"
_LONGEST_WAY_BACK: Final = 500


@dataclass(frozen=True)
class Attempt:
    """One signing in; ``is_trial`` where an administrator tries new settings before they count."""

    org_id: str
    state: str
    nonce: str
    verifier: str
    begun_at: float
    back_to: str
    is_trial: bool

    def sealed(self, sealer: Sealer) -> str:
        """As a cookie's value that only we can read."""
        return base64.urlsafe_b64encode(sealer.seal(json.dumps(asdict(self)), purpose=_PURPOSE)).decode()


def new_attempt(org_id: str, now: datetime, *, back_to: str = FIRST_PAGE, is_trial: bool = False) -> Attempt:
    """A fresh one; ``back_to`` is a page of the portal, and anything else becomes its first page."""
    return Attempt(
        org_id,
        new_token(),
        new_token(),
        secrets.token_urlsafe(48),
        now.timestamp(),
        own_page(back_to),
        is_trial,
    )


def open_attempt(cookie: str, state: str, sealer: Sealer, now: datetime) -> Attempt:
    """The attempt in a cookie, if it is the one that came back; raises SignInFailed."""
    try:
        attempt = Attempt(**json.loads(sealer.open(base64.urlsafe_b64decode(cookie), purpose=_PURPOSE)))
    except (SealBroken, ValueError, TypeError):
        raise SignInFailed(
            "This browser did not begin the sign-in, or has lost it. Begin again from the portal's first page."
        ) from None
    if now.timestamp() - attempt.begun_at > ATTEMPT_LIFE.total_seconds():
        raise SignInFailed("Signing in took too long. Try again.")
    if not secrets.compare_digest(state.encode(), attempt.state.encode()):
        raise SignInFailed
    return attempt


def own_page(address: str) -> str:
    """The address, if it is a page of the portal; its first page for any other, of another site above all."""
    is_own = address in (FIRST_PAGE, TODAY) or address.startswith((f"{FIRST_PAGE}/", f"{FIRST_PAGE}?"))
    is_plain = address.isascii() and address.isprintable() and "\\" not in address and ".." not in address
    return address if is_own and is_plain and len(address) <= _LONGEST_WAY_BACK else FIRST_PAGE
