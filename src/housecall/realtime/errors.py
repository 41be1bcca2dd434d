"""What can go wrong on a socket, and the one place where an error becomes a close code.

HousecallError
└── RealtimeError
    ├── MessageInvalid          4400
    │   ├── MessageUnknown
    │   ├── MessageTooLarge
    │   └── HelloMissing
    ├── SocketUnauthenticated   4401
    ├── SocketSlow              4408
    ├── SocketReplaced          4409
    ├── TooManyMessages         4429
    ├── SocketSilent            1001
    ├── SocketFailed            1011
    ├── SocketMoving            1012
    └── SignalRefused           stays open
        ├── SignalInvalid
        ├── PeerUnknown
        └── NotInRoom
"""

from enum import IntEnum
from typing import ClassVar, Final

from housecall.kit.errors import HousecallError, Kind


class CloseCode(IntEnum):
    """Codes a socket is closed with; the browser chooses its next step by them.

    Source: docs/reference/socket-protocol.md.
    """

    silent = 1001
    failed = 1011
    moving = 1012
    bad_message = 4400
    unauthenticated = 4401
    slow = 4408
    replaced = 4409
    too_many = 4429


class RealtimeError(HousecallError):
    """Something went wrong on the live connection."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "realtime.failed"


class MessageInvalid(RealtimeError):
    """The page sent a message that cannot be understood."""

    code: ClassVar[str] = "realtime.message_invalid"


class MessageUnknown(MessageInvalid):
    """The page sent a message of a kind that this server does not know."""

    code: ClassVar[str] = "realtime.message_unknown"


class MessageTooLarge(MessageInvalid):
    """The page sent a message of more than 64 KiB."""

    code: ClassVar[str] = "realtime.message_too_large"


class HelloMissing(MessageInvalid):
    """The page connected but did not say hello in time."""

    code: ClassVar[str] = "realtime.hello_missing"


class SocketUnauthenticated(RealtimeError):
    """This page is not signed in any more."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "realtime.not_signed_in"


class SocketSlow(RealtimeError):
    """The connection is too slow to keep up."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "realtime.socket_slow"


class SocketReplaced(RealtimeError):
    """This page was opened again in another tab or on another device."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "realtime.replaced"


class TooManyMessages(RealtimeError):
    """The page sends more messages than it should."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "realtime.too_many_messages"


class SocketSilent(RealtimeError):
    """Nothing was heard from the page for too long."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "realtime.socket_silent"


class SocketMoving(RealtimeError):
    """The server restarts; the page connects again by itself."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "realtime.moving"


class SocketFailed(RealtimeError):
    """Something went wrong on our side; it has been written down for the people who run this."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "realtime.socket_failed"


class SignalRefused(RealtimeError):
    """A message between two browsers was not passed on."""

    code: ClassVar[str] = "realtime.signal_refused"


class SignalInvalid(SignalRefused):
    """A message between two browsers has the wrong form and was not passed on."""

    code: ClassVar[str] = "realtime.signal_invalid"


class PeerUnknown(SignalRefused):
    """The other person is not in the room."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "realtime.peer_unknown"


class NotInRoom(SignalRefused):
    """You are not in the room."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "realtime.not_in_room"


_CLOSES: Final[dict[type[RealtimeError], CloseCode]] = {
    MessageInvalid: CloseCode.bad_message,
    SocketUnauthenticated: CloseCode.unauthenticated,
    SocketSlow: CloseCode.slow,
    SocketReplaced: CloseCode.replaced,
    TooManyMessages: CloseCode.too_many,
    SocketSilent: CloseCode.silent,
    SocketMoving: CloseCode.moving,
    SocketFailed: CloseCode.failed,
}


def close_code(error: HousecallError) -> CloseCode | None:
    """The code to close a socket with because of ``error``; None when the socket stays open."""
    for root, code in _CLOSES.items():
        if isinstance(error, root):
            return code
    return CloseCode.unauthenticated if error.kind is Kind.unauthenticated else None


def error_message(error: HousecallError) -> dict[str, str]:
    """The error as a message of the socket protocol."""
    return {"type": "error", "code": error.code, "sentence": error.sentence}
