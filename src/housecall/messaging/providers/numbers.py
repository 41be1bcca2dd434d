"""The port of a number provider: choosing costs nothing, buying happens once, and progress is asked for.

    choose -> (kept) -> buy -> (kept) -> progress ... active

Each step's result is kept before the next one is taken, so that a worker killed anywhere goes on from there.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from housecall.kit.errors import Kind
from housecall.messaging.number_model import (
    NumberFault,
    NumberKind,
    NumberState,
    Verification,
    VerificationFault,
)
from housecall.messaging.providers.base import ProviderError


class NumberRefused(ProviderError):
    """The provider will not give this number; ``fault`` says why."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "messaging.number_refused"

    def __init__(self, fault: NumberFault) -> None:
        super().__init__()
        self.fault = fault


@dataclass(frozen=True)
class NumberWish:
    """What is wanted: our own reference, which the provider keeps where it can, a country and a kind."""

    reference: str
    country: str
    kind: NumberKind


@dataclass(frozen=True)
class Choice:
    """What will be bought: a number, where one can be chosen, and the provider's ticket for it."""

    number: str | None = None
    ticket: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far the provider is: ``provisioning``, ``active`` with the number, or ``failed`` with a fault."""

    state: NumberState
    number: str | None = None
    fault: NumberFault | None = None


@dataclass(frozen=True)
class Verified:
    """Whether the carriers know who sends from a number, and what they find wrong."""

    state: Verification
    faults: tuple[VerificationFault, ...] = ()


class NumberProvider(Protocol):
    """Buys, watches and gives back phone numbers. Every call may raise ProviderUnavailable."""

    async def choose(self, wish: NumberWish) -> Choice:
        """Something that can be bought; nothing is bought. Raises NumberRefused."""
        ...

    async def buy(self, wish: NumberWish, choice: Choice, *, is_repeat: bool) -> str:
        """The choice is bought, once; returns the provider's id for it. Raises NumberRefused.

        ``is_repeat``: an earlier try may have got through, so what is there under our reference comes first.
        """
        ...

    async def progress(self, provider_ref: str) -> Progress:
        """How far the provider is with what was bought."""
        ...

    async def release(self, provider_ref: str) -> None:
        """The number is given back; twice is no fault."""
        ...

    async def find_own(self, number: str) -> str | None:
        """The provider's id for a number that is on this account already, None when it is not."""
        ...

    async def verification(self, provider_ref: str, number: str, kind: NumberKind) -> Verified:
        """Whether the carriers know who sends from the number; ``unknown`` where the provider cannot tell."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
