"""Whether the relay works, tried as a browser would: an allocation with credentials of ours, and given back.

Tested live before a production connection's calls depend on it. Browsers meet there and nowhere else, so it is
also asked whether it passes anything between two addresses of its own.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from housecall.meetings.base import MeetingBackend
from housecall.meetings.relay_wire import RelayWire, TcpWire, UdpWire, WireSilent
from housecall.meetings.stun import (
    ALLOCATE,
    CREATE_PERMISSION,
    LIFETIME,
    NONCE,
    PEER_ADDRESS,
    REALM,
    REFRESH,
    REQUESTED_TRANSPORT,
    Address,
    Answer,
    NotStun,
    Request,
    write_address,
)

# What a browser waits for a relay's candidate before people notice; a relay that is there answers in milliseconds.
WITHIN: Final = timedelta(seconds=5)
_UDP: Final = b"\x11\0\0\0"
_URL: Final = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/?\[\]]+)(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)


class RelayFault(StrEnum):
    """Why a relay does not work; the words never change."""

    not_set = "not_set"
    address_unreadable = "address_unreadable"
    name_unknown = "name_unknown"
    unreachable = "unreachable"
    silent = "silent"
    certificate_refused = "certificate_refused"
    not_a_relay = "not_a_relay"
    open_to_anybody = "open_to_anybody"
    credentials_refused = "credentials_refused"
    forbidden = "forbidden"
    full = "full"
    between_forbidden = "between_forbidden"
    failed = "failed"


SENTENCES: Final = {
    RelayFault.not_set: "No relay is set: HOUSECALL_TURN_URLS names none.",
    RelayFault.address_unreadable: "The relay's address cannot be read; write it as turn:relay.example.org:3478 "
    "or turns:relay.example.org:5349, with ?transport=tcp where wanted.",
    RelayFault.name_unknown: "The relay's name is not known to the name servers here.",
    RelayFault.unreachable: "Nothing takes connections at the relay's address and port.",
    RelayFault.silent: "The relay does not answer; a firewall may drop what is sent to its port.",
    RelayFault.certificate_refused: "The relay's certificate was refused: its name, its date or who issued it.",
    RelayFault.not_a_relay: "Something answers at the relay's address, but it does not speak TURN.",
    RelayFault.open_to_anybody: "The relay asks for no credentials: anybody could send traffic through it. "
    "Set use-auth-secret there.",
    RelayFault.credentials_refused: "The relay refuses our credentials: HOUSECALL_TURN_SECRET is not the relay's "
    "static-auth-secret, or one of the two clocks is wrong.",
    RelayFault.forbidden: "The relay forbids this server to use it.",
    RelayFault.full: "The relay has no free address or has reached its limit.",
    RelayFault.between_forbidden: "The relay passes nothing between two of its own addresses, which is where both "
    "browsers are; look at its denied-peer-ip rules.",
    RelayFault.failed: "The relay answered with an error of its own.",
}

# What the relay's numbers mean to us (RFC 8489 §14.8, RFC 8656 §19); any other is ``failed``, and its number is kept.
_CODES: Final = {
    401: RelayFault.credentials_refused,
    403: RelayFault.forbidden,
    431: RelayFault.credentials_refused,
    441: RelayFault.credentials_refused,
    486: RelayFault.full,
    508: RelayFault.full,
}
_STALE_NONCE: Final = 438


@dataclass(frozen=True)
class RelayFinding:
    """What came of trying one address; ``code`` is the relay's own number where it gave one."""

    url: str
    fault: RelayFault | None
    code: int = 0

    @property
    def works(self) -> bool:
        """Whether browsers can meet there."""
        return self.fault is None

    @property
    def sentence(self) -> str:
        """One sentence for whoever runs the relay."""
        if self.fault is None:
            return "The relay works: it took our credentials and gave an address."
        return SENTENCES[self.fault] + (f" It said {self.code}." if self.code else "")


class _Refused(Exception):
    def __init__(self, fault: RelayFault, code: int = 0) -> None:
        super().__init__(fault)
        self.fault, self.code = fault, code


@dataclass(frozen=True)
class _Place:
    host: str
    port: int
    is_tls: bool
    is_udp: bool


async def probe_meetings(
    meetings: MeetingBackend, *, ca_file: str = "", within: timedelta = WITHIN
) -> list[RelayFinding]:
    """One finding for each relay address of this meeting service; ``not_set`` where it has none."""
    details = await meetings.join_details("probe")
    given = [
        (url, server["username"], server["credential"])
        for server in details.ice_servers
        for url in server["urls"]
    ]
    if not given:
        return [RelayFinding("", RelayFault.not_set)]
    return list(
        await asyncio.gather(
            *(
                probe_relay(url, user, password, ca_file=ca_file, within=within)
                for url, user, password in given
            )
        )
    )


async def probe_relay(
    url: str, user: str, password: str, *, ca_file: str = "", within: timedelta = WITHIN
) -> RelayFinding:
    """What comes of an allocation at ``url`` with these credentials; nothing of it is left behind."""
    place = _read_url(url)
    if place is None:
        return RelayFinding(url, RelayFault.address_unreadable)
    try:
        async with asyncio.timeout(within.total_seconds()):
            await _try(place, user, password, ca_file)
    except _Refused as refused:
        return RelayFinding(url, refused.fault, refused.code)
    except (TimeoutError, WireSilent):
        return RelayFinding(url, RelayFault.silent)
    except NotStun:
        return RelayFinding(url, RelayFault.not_a_relay)
    return RelayFinding(url, None)


def _read_url(url: str) -> _Place | None:
    found = _URL.fullmatch(url)
    if found is None:
        return None
    is_tls = found["scheme"] == "turns"
    port = int(found["port"] or (5349 if is_tls else 3478))
    if not 0 < port < 65536:
        return None
    is_udp = (found["transport"] or ("tcp" if is_tls else "udp")) == "udp"
    # DTLS to a relay is spoken by no browser: they take turns: with udp as not usable.
    if is_tls and is_udp:
        return None
    return _Place(found["host"].strip("[]"), port, is_tls, is_udp)


async def _try(place: _Place, user: str, password: str, ca_file: str) -> None:
    wire = await _connect(place, ca_file)
    try:
        await _Client(wire, user, password).go()
    finally:
        await wire.close()


async def _connect(place: _Place, ca_file: str) -> RelayWire:
    try:
        if place.is_udp:
            return await UdpWire.connect(place.host, place.port)
        context = _trust(ca_file) if place.is_tls else None
        return await TcpWire.connect(place.host, place.port, context)
    except ssl.SSLCertVerificationError:
        raise _Refused(RelayFault.certificate_refused) from None
    except ssl.SSLError:
        raise _Refused(RelayFault.not_a_relay) from None
    except OSError as error:
        is_name = type(error).__name__ == "gaierror"
        raise _Refused(RelayFault.name_unknown if is_name else RelayFault.unreachable) from None


def _trust(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


class _Client:
    """One allocation's life: asked for, tried, given back."""

    def __init__(self, wire: RelayWire, user: str, password: str) -> None:
        self._wire, self._user, self._password = wire, user, password
        self._realm = self._nonce = b""

    async def go(self) -> None:
        """Returns when all of it went well; raises _Refused else."""
        await self._challenge()
        answer = await self._ask(_allocation)
        if not answer.is_success:
            raise _refusal(answer)
        if answer.relayed is None:
            raise NotStun
        await self._try_between(answer.relayed)
        await self._ask(lambda: Request(REFRESH, [(LIFETIME, bytes(4))]))

    async def _challenge(self) -> None:
        """A relay that is closed to strangers says how to sign; one that is not is open to anybody."""
        answer = await self._send(_allocation())
        if answer.is_success:
            raise _Refused(RelayFault.open_to_anybody)
        if answer.code != 401:
            raise _refusal(answer)
        self._take_nonce(answer)

    async def _try_between(self, relayed: Address) -> None:
        answer = await self._ask(lambda: _permission(relayed))
        if not answer.is_success:
            fault = RelayFault.between_forbidden if answer.code == 403 else RelayFault.failed
            raise _Refused(fault, answer.code)

    async def _ask(self, make: Callable[[], Request]) -> Answer:
        """The answer to a signed request; a nonce that went stale is taken anew once."""
        answer = await self._sign_and_send(make())
        if answer.code == _STALE_NONCE:
            self._take_nonce(answer)
            answer = await self._sign_and_send(make())
        return answer

    async def _sign_and_send(self, request: Request) -> Answer:
        message = request.sign(self._user, self._password, self._realm, self._nonce)
        return await self._wire.ask(message, request.transaction)

    async def _send(self, request: Request) -> Answer:
        return await self._wire.ask(request.write(), request.transaction)

    def _take_nonce(self, answer: Answer) -> None:
        self._realm = answer.attributes.get(REALM, self._realm)
        self._nonce = answer.attributes.get(NONCE, b"")
        if not self._realm or not self._nonce:
            raise NotStun


def _allocation() -> Request:
    return Request(ALLOCATE, [(REQUESTED_TRANSPORT, _UDP)])


def _permission(peer: Address) -> Request:
    request = Request(CREATE_PERMISSION)
    request.attributes.append((PEER_ADDRESS, write_address(peer, request.transaction)))
    return request


def _refusal(answer: Answer) -> _Refused:
    return _Refused(_CODES.get(answer.code, RelayFault.failed), answer.code)
