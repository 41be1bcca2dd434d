"""How an organisation's people sign in: what stands, what somebody is setting up, and the change once it is proved."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy.openid import Provider
from housecall.tenancy.roles import DEFAULT_RULES, Rules
from housecall.tenancy.store import get_organisation, lock_organisation
from housecall.tenancy.tables import Organisation


@dataclass(frozen=True)
class SignInSettings:
    """A provider, us as its client, and which claims give which role."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = "openid profile"
    rules: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict(DEFAULT_RULES))
    # The organisation's revision when the form was opened.
    revision: int = 0


def provider_of(settings: SignInSettings, public_url: str) -> Provider:
    """The provider to talk to."""
    return Provider(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        scope=settings.scope,
        redirect_url=f"{public_url}/portal/callback",
    )


def settings_of(owner: Organisation, sealer: Sealer) -> SignInSettings:
    """What stands."""
    sealed = owner.sign_in_secret_sealed
    return SignInSettings(
        issuer=owner.sign_in_issuer or "",
        client_id=owner.sign_in_client_id or "",
        client_secret=sealer.open(sealed, purpose=f"sign-in:{owner.id}") if sealed else "",
        scope=owner.sign_in_scope,
        rules=rules_of(owner),
        revision=owner.revision,
    )


def rules_of(owner: Organisation) -> Rules:
    """The organisation's rules for roles; the usual ones where it has none of its own."""
    return owner.sign_in_rules or DEFAULT_RULES


async def keep_draft(work: Work, org_id: OrgId, draft: SignInSettings, *, sealer: Sealer) -> None:
    """What was typed is kept, sealed, until it is proved to work or typed anew."""
    owner = await get_organisation(work, org_id)
    owner.sign_in_draft_sealed = sealer.seal(json.dumps(asdict(draft)), purpose=f"sign-in-draft:{owner.id}")


def draft_of(owner: Organisation, sealer: Sealer) -> SignInSettings | None:
    """What is being set up, None when nothing is."""
    sealed = owner.sign_in_draft_sealed
    if sealed is None:
        return None
    return SignInSettings(**json.loads(sealer.open(sealed, purpose=f"sign-in-draft:{owner.id}")))


async def apply_sign_in(
    work: Work, org_id: OrgId, proved: SignInSettings, *, sealer: Sealer, now: datetime, by: By
) -> None:
    """From now on people sign in like this; raises Overtaken when something was changed meanwhile.

    Whoever calls it has signed in by these very settings, as an administrator: nobody is locked out by a slip.
    """
    owner = await lock_organisation(work, org_id)
    if owner.revision != proved.revision:
        raise Overtaken
    before = _on_record(settings_of(owner, sealer))
    owner.sign_in_issuer, owner.sign_in_client_id = proved.issuer, proved.client_id
    owner.sign_in_secret_sealed = sealer.seal(proved.client_secret, purpose=f"sign-in:{owner.id}")
    owner.sign_in_scope = proved.scope
    owner.sign_in_rules = {role: list(lines) for role, lines in proved.rules.items()}
    owner.sign_in_draft_sealed = None
    owner.revision += 1
    changed = before_and_after(before, _on_record(proved))
    await record(work, org_id, Act.sign_in_changed, by=by, subject=str(org_id), at=now, **changed)


def _on_record(settings: SignInSettings) -> dict[str, str | int | bool | None]:
    rules = {f"rules_{role}": "; ".join(lines) for role, lines in settings.rules.items()}
    return {
        "issuer": settings.issuer,
        "client_id": settings.client_id,
        "scope": settings.scope,
        **rules,
    }
