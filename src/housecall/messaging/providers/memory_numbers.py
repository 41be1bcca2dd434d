"""A number provider without a network, for tests and trials; passes the same contract as the real ones."""

from housecall.messaging.number_model import NumberFault, NumberKind, NumberState, Verification
from housecall.messaging.providers.base import ProviderError
from housecall.messaging.providers.numbers import Choice, NumberRefused, NumberWish, Progress, Verified


class MemoryNumbers:
    """Sells ``stock``; a number is ready after it was asked about ``polls`` times."""

    def __init__(self, stock: list[str] | None = None, *, polls: int = 0) -> None:
        self.stock = stock if stock is not None else ["+18335550100", "+18335550101"]
        self.polls = polls
        self.bought: dict[str, str] = {}
        self.released: list[str] = []
        self.own: dict[str, str] = {}
        self.fails: ProviderError | None = None
        self.fails_after_buying: ProviderError | None = None
        self.verified = Verified(Verification.approved)
        self._asked: dict[str, int] = {}

    async def choose(self, wish: NumberWish) -> Choice:
        if self.fails:
            raise self.fails
        free = [number for number in self.stock if number not in self.bought.values()]
        if not free:
            raise NumberRefused(NumberFault.no_number_available)
        return Choice(number=free[0])

    async def buy(self, wish: NumberWish, choice: Choice, *, is_repeat: bool) -> str:
        if self.fails:
            raise self.fails
        reference = f"memory-{wish.reference}"
        if not (is_repeat and reference in self.bought):
            key = reference if reference not in self.bought else f"{reference}-{len(self.bought)}"
            self.bought[key] = choice.number or self.stock[0]
            reference = key
        if self.fails_after_buying:
            fault, self.fails_after_buying = self.fails_after_buying, None
            raise fault
        return reference

    async def progress(self, provider_ref: str) -> Progress:
        asked = self._asked[provider_ref] = self._asked.get(provider_ref, 0) + 1
        if provider_ref not in self.bought or provider_ref in self.released:
            return Progress(NumberState.failed, fault=NumberFault.other)
        if asked <= self.polls:
            return Progress(NumberState.provisioning)
        return Progress(NumberState.active, number=self.bought[provider_ref])

    async def release(self, provider_ref: str) -> None:
        self.released.append(provider_ref)

    async def find_own(self, number: str) -> str | None:
        return self.own.get(number)

    async def verification(self, provider_ref: str, number: str, kind: NumberKind) -> Verified:
        if self.fails:
            raise self.fails
        return self.verified

    async def close(self) -> None:
        """Nothing to give back."""
