"""Numbers from the HTTP gateway: asked for once under our reference, then watched."""

from datetime import timedelta
from typing import Any, Final

import httpx

from housecall.messaging.number_model import NumberFault, NumberKind, NumberState, Verification
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.numbers import Choice, NumberRefused, NumberWish, Progress, Verified

_TIMEOUT: Final = timedelta(seconds=10)

# The gateway's words for how far a number is.
STATES: Final = {
    "requested": NumberState.provisioning,
    "pending": NumberState.provisioning,
    "provisioning": NumberState.provisioning,
    "active": NumberState.active,
    "failed": NumberState.failed,
    "released": NumberState.failed,
}

# The gateway's words for why there is none.
FAULTS: Final = {
    "no_number_available": NumberFault.no_number_available,
    "out_of_stock": NumberFault.no_number_available,
    "refused": NumberFault.refused,
    "not_allowed": NumberFault.not_allowed,
}

_KEY_REFUSED: Final = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})
_NOT_THERE: Final = frozenset({httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED})


class GatewayNumbers:
    """The numbers of the gateway at ``url``: ``POST /numbers``, ``GET`` and ``DELETE /numbers/<id>``.

    ``GET /numbers?reference=`` finds what was asked for before; a gateway that does not know it (405) is never
    asked to buy a second time.
    """

    def __init__(self, url: str, *, client: httpx.AsyncClient | None = None) -> None:
        self._url = url.rstrip("/") + "/numbers"
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT.total_seconds())

    async def choose(self, wish: NumberWish) -> Choice:
        return Choice()

    async def buy(self, wish: NumberWish, choice: Choice, *, is_repeat: bool) -> str:
        if is_repeat:
            there = await self._look(wish.reference)
            if there is not None:
                return there
        body = {"reference": wish.reference, "country": wish.country, "kind": wish.kind.value}
        answer = await self._ask("POST", self._url, json=body)
        if answer.is_success and (id_ := _id(answer)) is not None:
            return id_
        if answer.status_code in _KEY_REFUSED:
            raise NumberRefused(NumberFault.not_allowed)
        if answer.status_code in _NOT_THERE:
            raise NumberRefused(NumberFault.no_provider)
        if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise NumberRefused(_fault(_json(answer), NumberFault.refused))
        raise ProviderUnavailable(is_fate_unknown=True)

    async def _look(self, reference: str) -> str | None:
        answer = await self._ask("GET", self._url, params={"reference": reference})
        if answer.is_success:
            if (id_ := _id(answer)) is not None:
                return id_
            raise NumberRefused(NumberFault.unclear)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.is_client_error:
            # It cannot tell whether it took our first request, and a second one could buy a second number.
            raise NumberRefused(NumberFault.unclear)
        raise ProviderUnavailable(is_fate_unknown=True)

    async def progress(self, provider_ref: str) -> Progress:
        answer = await self._ask("GET", f"{self._url}/{provider_ref}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Progress(NumberState.failed, fault=NumberFault.other)
        if not answer.is_success:
            raise ProviderUnavailable(is_fate_unknown=False)
        found = _json(answer)
        state = STATES.get(str(found.get("state")), NumberState.provisioning)
        number = found.get("number")
        if state is NumberState.active and isinstance(number, str) and number:
            return Progress(state, number=number)
        if state is NumberState.failed:
            return Progress(state, fault=_fault(found, NumberFault.other))
        return Progress(NumberState.provisioning)

    async def release(self, provider_ref: str) -> None:
        answer = await self._ask("DELETE", f"{self._url}/{provider_ref}")
        if not answer.is_success and answer.status_code != httpx.codes.NOT_FOUND:
            raise ProviderUnavailable(is_fate_unknown=True)

    async def find_own(self, number: str) -> str | None:
        # The contract has no look-up by number: a brought one is proven by a code.
        return None

    async def verification(self, provider_ref: str, number: str, kind: NumberKind) -> Verified:
        # Its owner answers to the carriers.
        return Verified(Verification.not_needed)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, url, **more)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ProviderUnavailable(is_fate_unknown=False) from None
        except httpx.HTTPError:
            raise ProviderUnavailable(is_fate_unknown=True) from None


def _id(answer: httpx.Response) -> str | None:
    id_ = _json(answer).get("id")
    return str(id_) if isinstance(id_, str | int) and str(id_) else None


def _fault(body: dict[str, Any], otherwise: NumberFault) -> NumberFault:
    return FAULTS.get(str(body.get("reason") or body.get("error")), otherwise)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
