"""Texts through Azure Communication Services: our own id makes a repeat harmless and comes back in the report."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NoReturn

from housecall.messaging.model import FailReason
from housecall.messaging.providers.azure_client import (
    FIRST_SENT,
    QUIET,
    Lazily,
    unavailable,
    write_repeatability,
)
from housecall.messaging.providers.azure_words import RESULTS, TROUBLES
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

_TOO_MANY: Final = 429
_NO_SUCH_ADDRESS: Final = frozenset({404, 405})
_SERVER_FAULT: Final = 500


class AzureProvider:
    """Sends through one resource at ``endpoint``."""

    name = "azure"
    capabilities = Capabilities(idempotent=True, lookup=False)

    def __init__(self, endpoint: str, key: str) -> None:
        self._client = Lazily(lambda: _load(endpoint, key))

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        client = await self._client.get()
        FIRST_SENT.set(text.since)
        try:
            results = await client.send(
                from_=text.sent_from,
                to=text.to,
                message=text.body,
                enable_delivery_report=True,
                tag=text.reference,
            )
        except Exception as fault:
            # Without its cause: the SDK's errors show what was sent.
            _refuse(fault)
        return _answer(results[0]) if results else _lost()

    async def lookup(self, reference: str) -> ProviderStatus | None:
        raise NotImplementedError("Azure Communication Services has no look-up of texts")

    async def close(self) -> None:
        await self._client.close()


def _load(endpoint: str, key: str) -> Callable[[], Any]:
    from azure.communication.sms.aio import SmsClient
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class OwnReference(SansIOHTTPPolicy):  # type: ignore[misc, type-arg, unused-ignore]
        """Runs before the request is signed; the SDK has no argument for this."""

        def on_request(self, request: Any) -> None:
            write_repeatability(request)

    return lambda: SmsClient(endpoint, AzureKeyCredential(key), per_call_policies=[OwnReference()], **QUIET)


def _answer(result: Any) -> ProviderAnswer:
    if result.successful and result.message_id:
        return ProviderAnswer(str(result.message_id))
    status = int(result.http_status_code or 0)
    if status == _TOO_MANY:
        raise ProviderUnavailable(is_fate_unknown=False, wait=timedelta(seconds=1))
    if status in TROUBLES:
        raise ProviderMisconfigured(TROUBLES[status])
    if status >= _SERVER_FAULT or not status:
        _lost()
    raise ProviderRefused(RESULTS.get(status, FailReason.other))


def _lost() -> NoReturn:
    raise ProviderUnavailable(is_fate_unknown=True)


def _refuse(fault: Exception) -> NoReturn:
    status = getattr(fault, "status_code", None)
    if isinstance(fault, ProviderMisconfigured):
        raise fault
    if not isinstance(status, int):
        raise unavailable(fault) from None
    if status == _TOO_MANY:
        raise ProviderUnavailable(is_fate_unknown=False, wait=_wait(fault)) from None
    if status in _NO_SUCH_ADDRESS:
        raise ProviderMisconfigured(Trouble.address_wrong) from None
    if status in TROUBLES:
        trouble = Trouble.key_refused if status in (401, 403) else TROUBLES[status]
        raise ProviderMisconfigured(trouble) from None
    if status < _SERVER_FAULT:
        raise ProviderRefused(RESULTS.get(status, FailReason.other)) from None
    raise ProviderUnavailable(is_fate_unknown=True) from None


def _wait(fault: Exception) -> timedelta:
    headers = getattr(getattr(fault, "response", None), "headers", {})
    told = str(headers.get("Retry-After", ""))
    return timedelta(seconds=min(int(told), 3600) if told.isdigit() else 1)
