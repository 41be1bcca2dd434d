"""Numbers from Azure Communication Services: a search keeps one for us, and a search can be bought only once."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, NoReturn

from housecall.messaging.number_model import NumberFault, NumberKind, NumberState
from housecall.messaging.providers.azure_client import QUIET, Lazily, unavailable
from housecall.messaging.providers.azure_verification import verification_of
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.numbers import Choice, NumberRefused, NumberWish, Progress, Verified

_KINDS: Final = {
    NumberKind.toll_free: "tollFree",
    NumberKind.local: "geographic",
    NumberKind.mobile: "mobile",
}
_SEARCH_WITHIN_S: Final = 60
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500

# The service's words for why an operation failed.
FAULTS: Final = {
    "OutOfStock": NumberFault.no_number_available,
    "NotFound": NumberFault.no_number_available,
    "NumbersNotFound": NumberFault.no_number_available,
    "AllNumbersNotAcquired": NumberFault.no_number_available,
    "AuthorizationDenied": NumberFault.not_allowed,
    "NotEnoughCredit": NumberFault.not_allowed,
    "BillingUnavailable": NumberFault.not_allowed,
    "NoWallet": NumberFault.not_allowed,
    "MissingAddress": NumberFault.refused,
    "InvalidAddress": NumberFault.refused,
}


class AzureNumbers:
    """Buys numbers of one resource. Its id for a purchase is the number and the operation that buys it."""

    def __init__(self, endpoint: str, key: str, *, poll_every_s: float = 1.0) -> None:
        self._client = Lazily(lambda: _load(endpoint, key))
        self._poll_every_s = poll_every_s

    async def choose(self, wish: NumberWish) -> Choice:
        client = await self._client.get()
        found = await _asked(self._search(client, wish))
        if not found.phone_numbers:
            raise NumberRefused(FAULTS.get(str(found.error), NumberFault.no_number_available))
        return Choice(number=found.phone_numbers[0], ticket=found.search_id)

    async def _search(self, client: Any, wish: NumberWish) -> Any:
        from azure.communication.phonenumbers import PhoneNumberCapabilities

        poller = await client.begin_search_available_phone_numbers(
            wish.country,
            _KINDS[wish.kind],
            "application",
            PhoneNumberCapabilities(calling="none", sms="inbound+outbound"),
            quantity=1,
            polling_interval=self._poll_every_s,
        )
        async with asyncio.timeout(_SEARCH_WITHIN_S):
            return await poller.result()

    async def buy(self, wish: NumberWish, choice: Choice, *, is_repeat: bool) -> str:
        client = await self._client.get()
        if is_repeat and choice.number and await self.find_own(choice.number) is not None:
            return choice.number
        seen: dict[str, str] = {}

        def keep(response: Any) -> None:
            seen["operation"] = str(response.http_response.headers.get("operation-id", ""))

        await _asked(
            client.begin_purchase_phone_numbers(
                choice.ticket, agree_to_not_resell=True, polling=False, raw_response_hook=keep
            )
        )
        return f"{choice.number} {seen.get('operation', '')}".strip()

    async def progress(self, provider_ref: str) -> Progress:
        number, _, operation_id = provider_ref.partition(" ")
        if await self.find_own(number) is not None:
            return Progress(NumberState.active, number=number)
        if not operation_id:
            return Progress(NumberState.provisioning)
        client = await self._client.get()
        # The public client watches an operation only from the process that began it.
        operation = await _asked(client._phone_number_client.phone_numbers.get_operation(operation_id))
        if str(operation.status).lower() != "failed":
            return Progress(NumberState.provisioning)
        code = str(operation.error.code) if operation.error else ""
        return Progress(NumberState.failed, fault=FAULTS.get(code, NumberFault.other))

    async def release(self, provider_ref: str) -> None:
        client = await self._client.get()
        number = provider_ref.partition(" ")[0]
        try:
            await _asked(client.begin_release_phone_number(number, polling=False))
        except NumberRefused as gone:
            if gone.fault is not NumberFault.no_number_available:
                raise

    async def find_own(self, number: str) -> str | None:
        client = await self._client.get()
        try:
            found = await _asked(client.get_purchased_phone_number(number))
        except NumberRefused as gone:
            if gone.fault is NumberFault.no_number_available:
                return None
            raise
        return str(found.phone_number)

    async def verification(self, provider_ref: str, number: str, kind: NumberKind) -> Verified:
        client = await self._client.get()
        return await verification_of(client._phone_number_client, number, kind)

    async def close(self) -> None:
        await self._client.close()


def _load(endpoint: str, key: str) -> Callable[[], Any]:
    from azure.communication.phonenumbers.aio import PhoneNumbersClient
    from azure.core.credentials import AzureKeyCredential

    return lambda: PhoneNumbersClient(endpoint, AzureKeyCredential(key), **QUIET)


async def _asked(request: Any) -> Any:
    try:
        return await request
    except TimeoutError:
        raise ProviderUnavailable(is_fate_unknown=False) from None
    except Exception as fault:
        _refuse(fault)


def _refuse(fault: Exception) -> NoReturn:
    status = getattr(fault, "status_code", None)
    word = str(getattr(getattr(fault, "error", None), "code", ""))
    if word in FAULTS and word != "NotFound":
        # An operation that ended badly is told by a 200.
        raise NumberRefused(FAULTS[word]) from None
    if not isinstance(status, int):
        raise unavailable(fault) from None
    if status == _NOT_FOUND:
        raise NumberRefused(NumberFault.no_number_available) from None
    if status in (401, 402, 403):
        raise NumberRefused(NumberFault.not_allowed) from None
    if status == _TOO_MANY or status >= _SERVER_FAULT:
        raise ProviderUnavailable(is_fate_unknown=status >= _SERVER_FAULT) from None
    raise NumberRefused(NumberFault.refused) from None
