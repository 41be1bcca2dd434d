"""Texts through Twilio. It keeps no reference of ours, so a text of unknown fate is searched for by its words."""

from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

import httpx

from housecall.messaging.model import MessageState
from housecall.messaging.providers.base import (
    Capabilities,
    OutgoingText,
    ProviderAnswer,
    ProviderMisconfigured,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    Trouble,
)
from housecall.messaging.providers.twilio_client import TwilioAccount, TwilioClient, told, unavailable
from housecall.messaging.providers.twilio_words import TROUBLES, WAITS, read_reason, read_state

# Twilio writes whole seconds, by its own clock.
_CLOCKS_APART: Final = timedelta(seconds=30)
# Nobody gets more of our texts than that within a day.
_LOOK_THROUGH: Final = 50


class TwilioProvider:
    """Sends through one account; receipts come to ``status_url`` with our reference in the address."""

    name = "twilio"
    capabilities = Capabilities(idempotent=False, lookup=False, search=True)

    def __init__(self, account: TwilioAccount, *, status_url: str) -> None:
        self._client = TwilioClient(account)
        self._status_url = status_url

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        rest = await self._client.rest()
        try:
            message = await rest.messages.create_async(
                to=text.to,
                from_=text.sent_from,
                body=text.body,
                status_callback=f"{self._status_url}?reference={text.reference}",
            )
        except httpx.HTTPError as fault:
            raise unavailable(fault) from None
        except Exception as fault:
            # Without its cause: the SDK's errors show addresses and what was sent.
            _refuse(fault)
        if not message.sid:
            raise ProviderUnavailable(is_fate_unknown=True)
        return ProviderAnswer(message.sid)

    async def lookup(self, reference: str) -> ProviderStatus | None:
        raise NotImplementedError("Twilio keeps no reference of ours; search instead")

    async def search(self, text: OutgoingText) -> ProviderStatus | None:
        rest = await self._client.rest()
        try:
            sent = await rest.messages.list_async(
                to=text.to, from_=text.sent_from, limit=_LOOK_THROUGH, page_size=_LOOK_THROUGH
            )
        except httpx.HTTPError:
            raise ProviderUnavailable(is_fate_unknown=True) from None
        except Exception as fault:
            _refuse(fault, is_asking=True)
        return next((_status(one) for one in sent if _is_it(one, text)), None)

    async def close(self) -> None:
        await self._client.close()


def _is_it(message: Any, text: OutgoingText) -> bool:
    made: datetime | None = message.date_created
    is_recent = text.since is None or made is None or made >= text.since - _CLOCKS_APART
    return is_recent and message.body == text.body and str(message.direction or "").startswith("outbound")


def _status(message: Any) -> ProviderStatus:
    state = read_state(str(message.status))
    reason = read_reason(message.error_code) if state is MessageState.failed else None
    return ProviderStatus(str(message.sid), state, reason)


def _refuse(fault: Exception, *, is_asking: bool = False) -> NoReturn:
    """What the SDK's error means; anything that is not Twilio's word leaves the fate open."""
    status, code = told(fault)
    if isinstance(fault, ProviderMisconfigured):
        raise fault
    if status is None:
        raise ProviderUnavailable(is_fate_unknown=True) from None
    if status == httpx.codes.TOO_MANY_REQUESTS or code in WAITS:
        raise ProviderUnavailable(is_fate_unknown=is_asking, wait=timedelta(seconds=1)) from None
    if code is not None and code in TROUBLES:
        raise ProviderMisconfigured(TROUBLES[code]) from None
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ProviderMisconfigured(Trouble.key_refused) from None
    if status in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
        raise ProviderMisconfigured(Trouble.address_wrong) from None
    if status < httpx.codes.INTERNAL_SERVER_ERROR and not is_asking:
        raise ProviderRefused(read_reason(code)) from None
    # 503 is answered by Twilio's own front before anything is made; any other 5xx may come after.
    is_sure = status == httpx.codes.SERVICE_UNAVAILABLE and not is_asking
    raise ProviderUnavailable(is_fate_unknown=not is_sure) from None
