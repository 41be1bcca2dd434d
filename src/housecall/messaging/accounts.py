"""An organisation's own accounts with text providers: typed in by an administrator, their secrets sealed."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, new_uuid
from housecall.kit.sealing import Sealer
from housecall.messaging import number_store as store
from housecall.messaging.carriers import account_purpose
from housecall.messaging.errors import AccountInvalid
from housecall.messaging.tables import TextAccount

# An address an administrator types is asked by our server: only Microsoft's own may be.
_AZURE_HOSTS: Final = (".communication.azure.com", ".communication.azure.us")
_TWILIO_SID: Final = re.compile(r"AC[0-9a-f]{32}")
_SHORTEST_SECRET: Final = 16

# The providers an organisation may have an account of its own with.
OWN: Final = {"twilio": "Twilio", "azure": "Azure Communication Services"}


async def save_account(
    work: Work,
    org_id: OrgId,
    *,
    provider: str,
    account: str,
    secret: str,
    sealer: Sealer,
    by: By,
    now: datetime,
) -> None:
    """Texts and numbers of this provider go by this account from now on; raises AccountInvalid."""
    account, secret = _checked(provider, account.strip(), secret.strip())
    sealed = sealer.seal(secret, purpose=account_purpose(org_id))
    there = await store.find_account(work, org_id, provider)
    before = there.account if there else None
    if there is None:
        work.session.add(
            TextAccount(
                id=new_uuid(), org_id=org_id, provider=provider, account=account, secret_sealed=sealed,
                created_at=now, changed_at=now,
            )
        )  # fmt: skip
    else:
        there.account, there.secret_sealed, there.changed_at = account, sealed, now
    await work.session.flush()
    await record(
        work, org_id, Act.account_changed, by=by, subject=provider, at=now,
        **before_and_after(
            {"account": before, "secret": "set" if before else "none"},
            {"account": account, "secret": "set anew" if before else "set"},
        ),
    )  # fmt: skip


async def remove_account(work: Work, org_id: OrgId, provider: str, *, by: By, now: datetime) -> None:
    """The organisation has no account with the provider any more; its secret is gone."""
    there = await store.find_account(work, org_id, provider)
    if there is None:
        return
    await work.session.delete(there)
    await record(
        work, org_id, Act.account_changed, by=by, subject=provider, at=now,
        **before_and_after({"account": there.account, "secret": "set"}, {"account": None, "secret": "none"}),
    )  # fmt: skip


def _checked(provider: str, account: str, secret: str) -> tuple[str, str]:
    if provider not in OWN:
        raise AccountInvalid("There is no such provider.")
    if provider == "twilio" and not _TWILIO_SID.fullmatch(account):
        raise AccountInvalid("A Twilio account begins with AC and has 32 digits and letters a to f after it.")
    if provider == "azure":
        account = _endpoint(account)
    if len(secret) < _SHORTEST_SECRET:
        raise AccountInvalid("That key or token is too short; copy the whole of it.")
    return account, secret


def _endpoint(typed: str) -> str:
    address = urlsplit(typed if "//" in typed else f"https://{typed}")
    host = address.hostname or ""
    if address.scheme != "https" or not host.endswith(_AZURE_HOSTS) or address.port not in (None, 443):
        raise AccountInvalid(
            "The endpoint is an address like https://your-resource.communication.azure.com, from the Azure portal."
        )
    return f"https://{host}"
