"""Providers by the organisation's own account, else by the deployment's: made once for each, kept open."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.messaging import number_store
from housecall.messaging.providers.azure import AzureProvider
from housecall.messaging.providers.azure_numbers import AzureNumbers
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.gateway_numbers import GatewayNumbers
from housecall.messaging.providers.numbers import NumberProvider
from housecall.messaging.providers.twilio import TwilioProvider
from housecall.messaging.providers.twilio_client import TwilioAccount
from housecall.messaging.providers.twilio_numbers import TwilioNumbers

T = TypeVar("T")

TWILIO_URL: Final = "https://api.twilio.com"


@dataclass(frozen=True)
class Credentials:
    """What proves us to a provider: an account that may be shown, and a secret that may not."""

    provider: str
    account: str
    secret: str = field(repr=False)


def account_purpose(org_id: OrgId) -> str:
    """What an account's secret is sealed for: that organisation alone opens it."""
    return f"text-account:{org_id}"


class Carriers:
    """Hands out providers; ``deployment`` are the credentials of the settings, for whoever has none."""

    def __init__(
        self,
        deployment: tuple[Credentials, ...] = (),
        *,
        sealer: Sealer | None = None,
        public_url: str = "",
        twilio_url: str = TWILIO_URL,
    ) -> None:
        self._deployment = {one.provider: one for one in deployment}
        self._sealer = sealer
        self._public_url = public_url
        self._twilio_url = twilio_url
        self._texts: dict[Credentials, TextProvider] = {}
        self._numbers: dict[Credentials, NumberProvider] = {}

    async def texts(self, work: Work, org_id: OrgId, provider: str) -> TextProvider | None:
        """Who carries this organisation's texts from a number of that provider, None without an account."""
        found = await self._credentials(work, org_id, provider)
        return self.texts_of(found) if found else None

    async def numbers(self, work: Work, org_id: OrgId, provider: str) -> NumberProvider | None:
        """Who sells this organisation numbers of that provider, None without an account."""
        found = await self._credentials(work, org_id, provider)
        return _kept(self._numbers, found, self._make_numbers) if found else None

    def texts_of(self, credentials: Credentials) -> TextProvider:
        """The provider of these very credentials."""
        return _kept(self._texts, credentials, self._make_texts)

    def use(self, credentials: Credentials, *, texts: TextProvider, numbers: NumberProvider) -> None:
        """These two stand for the deployment's account; for tests and trials."""
        self._deployment[credentials.provider] = credentials
        self._texts[credentials], self._numbers[credentials] = texts, numbers

    async def available(self, work: Work, org_id: OrgId) -> list[str]:
        """The providers this organisation has an account with, its own or the deployment's."""
        own = {one.provider for one in await number_store.list_accounts(work, org_id)}
        return sorted(own | self._deployment.keys())

    def first_of_deployment(self) -> TextProvider | None:
        """Who carries texts from numbers that were set up by command: the gateway, else whoever is set."""
        for name in ("gateway", "twilio", "azure"):
            if name in self._deployment:
                return self.texts_of(self._deployment[name])
        return None

    async def close(self) -> None:
        """Give back every provider's connections."""
        for texts in self._texts.values():
            await texts.close()
        for numbers in self._numbers.values():
            await numbers.close()

    async def _credentials(self, work: Work, org_id: OrgId, provider: str) -> Credentials | None:
        row = await number_store.find_account(work, org_id, provider)
        if row is None or self._sealer is None:
            return self._deployment.get(provider)
        secret = self._sealer.open(row.secret_sealed, purpose=account_purpose(org_id))
        return Credentials(provider, row.account, secret)

    def _make_texts(self, found: Credentials) -> TextProvider:
        match found.provider:
            case "twilio":
                hook = f"{self._public_url}/hooks/twilio"
                return TwilioProvider(self._twilio(found), status_url=hook)
            case "azure":
                return AzureProvider(found.account, found.secret)
            case _:
                return GatewayProvider(found.account)

    def _make_numbers(self, found: Credentials) -> NumberProvider:
        match found.provider:
            case "twilio":
                hook = f"{self._public_url}/hooks/twilio"
                return TwilioNumbers(self._twilio(found), reply_url=hook)
            case "azure":
                return AzureNumbers(found.account, found.secret)
            case _:
                return GatewayNumbers(found.account)

    def _twilio(self, found: Credentials) -> TwilioAccount:
        return TwilioAccount(found.account, found.secret, url=self._twilio_url)


def _kept(kept: dict[Credentials, T], of: Credentials, make: Callable[[Credentials], T]) -> T:
    if of not in kept:
        kept[of] = make(of)
    return kept[of]
