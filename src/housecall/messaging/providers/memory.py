"""A text provider without a network, for tests and trials; passes the same contract as the real ones."""

from housecall.messaging.model import MessageState
from housecall.messaging.providers.base import (
    Capabilities,
    OutgoingText,
    ProviderAnswer,
    ProviderError,
    ProviderStatus,
)


class MemoryProvider:
    """Keeps every text; ``fails`` and ``fails_after_taking`` hold what to raise for a number, and when."""

    name = "memory"

    def __init__(self, *, idempotent: bool = True, lookup: bool = True) -> None:
        self.capabilities = Capabilities(idempotent=idempotent, lookup=lookup)
        self.sent: list[OutgoingText] = []
        self.asked: list[str] = []
        self.fails: dict[str, ProviderError] = {}
        self.fails_after_taking: dict[str, ProviderError] = {}

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        if text.to in self.fails:
            raise self.fails[text.to]
        if not (self.capabilities.idempotent and self._has(text.reference)):
            self.sent.append(text)
        if text.to in self.fails_after_taking:
            raise self.fails_after_taking[text.to]
        return ProviderAnswer(f"memory-{text.reference}")

    async def lookup(self, reference: str) -> ProviderStatus | None:
        self.asked.append(reference)
        return ProviderStatus(f"memory-{reference}", MessageState.accepted) if self._has(reference) else None

    async def close(self) -> None:
        """Nothing to give back."""

    def _has(self, reference: str) -> bool:
        return any(text.reference == reference for text in self.sent)
