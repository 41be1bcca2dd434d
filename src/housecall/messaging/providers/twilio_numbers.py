"""Numbers from Twilio: searched by country and kind, bought under our reference as the friendly name."""

from typing import Any, Final, NoReturn

import httpx

from housecall.messaging.number_model import NumberFault, NumberKind, NumberState
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.numbers import Choice, NumberRefused, NumberWish, Progress, Verified
from housecall.messaging.providers.twilio_client import TwilioAccount, TwilioClient, told, unavailable
from housecall.messaging.providers.twilio_verification import verification_of

_LISTS: Final = {NumberKind.toll_free: "toll_free", NumberKind.local: "local", NumberKind.mobile: "mobile"}

_GONE: Final = frozenset({21404, 21422, 21452})
_CANNOT_PAY: Final = frozenset({20003, 20005, 20403, 21631, 21649, 21650, 21651})


class TwilioNumbers:
    """Buys numbers of one account; replies to them go to ``reply_url``.

    Twilio sells a number once, and keeps our reference as its friendly name: both are looked at before buying
    again.
    """

    def __init__(self, account: TwilioAccount, *, reply_url: str) -> None:
        self._client = TwilioClient(account)
        self._reply_url = reply_url

    async def choose(self, wish: NumberWish) -> Choice:
        rest = await self._client.rest()
        country = rest.available_phone_numbers(wish.country)
        offers = await _asked(getattr(country, _LISTS[wish.kind]).list_async(sms_enabled=True, limit=1))
        if not offers:
            raise NumberRefused(NumberFault.no_number_available)
        return Choice(number=offers[0].phone_number)

    async def buy(self, wish: NumberWish, choice: Choice, *, is_repeat: bool) -> str:
        rest = await self._client.rest()
        if is_repeat:
            there = await self._find(friendly_name=_name(wish))
            if there is not None:
                return there
        bought = await _asked(
            rest.incoming_phone_numbers.create_async(
                phone_number=choice.number,
                friendly_name=_name(wish),
                sms_url=self._reply_url,
                sms_method="POST",
            )
        )
        return str(bought.sid)

    async def progress(self, provider_ref: str) -> Progress:
        rest = await self._client.rest()
        try:
            number = await _asked(rest.incoming_phone_numbers(provider_ref).fetch_async())
        except NumberRefused as gone:
            return Progress(NumberState.failed, fault=gone.fault)
        return Progress(NumberState.active, number=str(number.phone_number))

    async def release(self, provider_ref: str) -> None:
        rest = await self._client.rest()
        try:
            await _asked(rest.incoming_phone_numbers(provider_ref).delete_async())
        except NumberRefused as gone:
            if gone.fault is not NumberFault.no_number_available:
                raise

    async def find_own(self, number: str) -> str | None:
        return await self._find(phone_number=number)

    async def verification(self, provider_ref: str, number: str, kind: NumberKind) -> Verified:
        return await verification_of(await self._client.rest(), _asked, provider_ref, kind)

    async def close(self) -> None:
        await self._client.close()

    async def _find(self, **by: str) -> str | None:
        rest = await self._client.rest()
        found = await _asked(rest.incoming_phone_numbers.list_async(limit=1, **by))
        return str(found[0].sid) if found else None


def _name(wish: NumberWish) -> str:
    return f"housecall {wish.reference}"


async def _asked(request: Any) -> Any:
    try:
        return await request
    except httpx.HTTPError as fault:
        raise unavailable(fault) from None
    except Exception as fault:
        _refuse(fault)


def _refuse(fault: Exception) -> NoReturn:
    status, code = told(fault)
    if status is None or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable(is_fate_unknown=True) from None
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise ProviderUnavailable(is_fate_unknown=False) from None
    if code in _CANNOT_PAY or status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise NumberRefused(NumberFault.not_allowed) from None
    if code in _GONE or status == httpx.codes.NOT_FOUND:
        raise NumberRefused(NumberFault.no_number_available) from None
    raise NumberRefused(NumberFault.refused) from None
