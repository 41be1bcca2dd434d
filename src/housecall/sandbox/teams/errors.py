"""What the make-believe tenant refuses.

SandboxError
├── GraphRefused     Graph says no, in Graph's words
└── SignInRefused    the sign-in service says no, in its own
"""

from typing import ClassVar

from housecall.sandbox.errors import SandboxError


class GraphRefused(SandboxError):
    """The sandbox's Graph refused."""

    code: ClassVar[str] = "sandbox.graph_refused"

    def __init__(
        self, status: int, word: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        """``word`` is Graph's error code, ``message`` its sentence."""
        super().__init__(None)
        self.status, self.word, self.message, self.headers = status, word, message, headers or {}


class SignInRefused(SandboxError):
    """The sandbox's Microsoft sign-in refused."""

    code: ClassVar[str] = "sandbox.sign_in_refused"

    def __init__(self, error: str, number: int, message: str, *, status: int = 401) -> None:
        """``number`` is the AADSTS number that administrators look up."""
        super().__init__(None)
        self.error, self.number, self.message, self.status = error, number, message, status
