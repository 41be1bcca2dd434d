"""What a patient's browser may receive: one table, which the server enforces and the portal shows.

It holds for interpreters and relatives alike. Whatever is to reach such a page passes here. A message that is not in
the table goes no further; a field that is not in it is taken out; what belongs to the room is held back until the
person is admitted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

log = logging.getLogger(__name__)

Message = dict[str, Any]


class When(StrEnum):
    """From when on something may be received."""

    link = "with the link"
    seat = "from the first press on"
    room = "only while admitted"


@dataclass(frozen=True)
class Part:
    """One value: what it says to people, and its own parts where it is a thing or a list of things."""

    says: str
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """One kind of thing a patient's browser receives: when, what for, and everything in it."""

    when: When
    says: str
    parts: Mapping[str, Part]


_PEER: Final = Part("a random number of somebody in the call, another one in each visit")
_ROLE: Final = Part("clinician, family, interpreter or patient; never who")
_RELAY: Final = Part(
    "the relay, with a password of this call's own",
    {"urls": "its address", "username": "an expiry and a random number", "credential": "the password"},
)
_WARM: Final = Part("a random number of one connection made while the patient waited")

# Messages over the live connection. A type or a field that is added has to be put in here, or it does not arrive.
MESSAGES: Final[Mapping[str, Sight]] = {
    "state": Sight(
        When.seat,
        "The patient's own state",
        {
            "seat": Part("the patient's own seat, a random number"),
            "rev": Part("a counter, so that an old state is not taken for a new one"),
            "visit_state": Part("whether the visit is planned, open, going on or over"),
            "state": Part("whether the patient is testing, waiting, admitted, on hold or gone"),
            "lobby": Part("which page of the waiting room is shown"),
            "waiting_since": Part("since when the patient waits"),
            "starts_at": Part("when the visit is planned"),
            "opens_at": Part("when the waiting room opens"),
            "server_now": Part("the server's time"),
            "can_text": Part("whether the patient can ask for a text when it is their turn"),
            "texting": Part("whether the patient has asked for it"),
            "handing": Part("whether another clinician will see the patient; not who"),
            "message": Part(
                "one of the clinic's ready sentences to those who wait",
                {"key": "which one", "text": "the sentence", "at": "when it was said"},
            ),
        },
    ),
    "admitted": Sight(
        When.room,
        "The way into the call",
        {
            "self": Part("the patient's own random number in this call"),
            "ice_servers": _RELAY,
            "relay_only": Part("whether the call goes through the relay alone"),
            "peers": Part(
                "the others in the call", {"peer": _PEER.says, "role": _ROLE.says, "warm": _WARM.says}
            ),
        },
    ),
    "elsewhere": Sight(
        When.room,
        "The way into the call, where another service holds it",
        {
            "service": Part("which service"),
            "url": Part("its address for guests"),
            "browser_only": Part("whether the page there offers no app"),
        },
    ),
    "peer-joined": Sight(
        When.room, "Somebody came into the call", {"peer": _PEER, "role": _ROLE, "warm": _WARM}
    ),
    "peer-left": Sight(When.room, "Somebody left the call", {"peer": _PEER}),
    "signal": Sight(
        When.room,
        "What two browsers tell each other to connect",
        {
            "from": _PEER,
            "data": Part("codecs and network addresses; with a relay, the relay's addresses only"),
        },
    ),
    "warm": Sight(
        When.seat,
        "While the patient waits, with a relay: a connection to make that carries nothing and names nobody",
        {
            "warm": _WARM,
            "ice_servers": _RELAY,
            "relay_only": Part("that it goes through the relay alone"),
        },
    ),
    "warm-signal": Sight(
        When.seat,
        "What the two browsers tell each other to make it",
        {"warm": _WARM, "data": Part("codecs and the relay's addresses")},
    ),
    "cold": Sight(When.seat, "That connection is over", {"warm": _WARM}),
    "over": Sight(When.seat, "The visit is over", {"reason": Part("ended, cancelled, moved or left")}),
    "replaced": Sight(When.seat, "Another tab of the patient took the place", {}),
    "pong": Sight(When.seat, "A sign of life", {"n": Part("the number that the page sent")}),
}

# Values in the page itself, for its script; its texts are ours, in the patient's language.
PAGE: Final[Mapping[str, Part]] = {
    "seat": Part("the patient's own seat, a random number"),
    "role": Part("as what the reader takes part: patient, interpreter or family"),
    "clinic": Part("the organisation's name"),
    "phone": Part("the organisation's number"),
    "dial": Part("the same number, as an address to press on"),
    "language": Part("the language of the page"),
    "closed": Part("the organisation's own words for after the visit"),
    "opens": Part("when the waiting room opens"),
    "ahead": Part("when the visit is, where that is days ahead"),
    "state": Part("the patient's own state, as below"),
    "texts": Part("Housecall's texts in that language"),
    "words": Part("the ready sentences that a clinic may say to those who wait"),
}

# What the page of who waits is told when it asks for their turn.
TURN: Final[Mapping[str, Part]] = {
    "ahead": Part("how many of the same clinician's patients are before this one; never who"),
    "about": Part("about when this patient may be seen"),
    "late": Part("whether that is later than planned"),
}

# What the page's test of the connection is lent.
TRIED: Final[Mapping[str, Part]] = {"ice_servers": _RELAY}


def let_through(message: Message, *, is_in_room: bool) -> Message | None:
    """The message as a patient's browser may have it; None where it may not."""
    sight = MESSAGES.get(message["type"])
    if sight is None:
        log.error(
            "A message was kept from a patient's page: it is in no table.", extra={"type": message["type"]}
        )
        return None
    if sight.when is When.room and not is_in_room:
        return None
    kept: Message = {"type": message["type"]}
    for name, part in sight.parts.items():
        if name in message:
            kept[name] = _only(message[name], part.parts) if part.parts else message[name]
    return kept


def of_page(values: Message) -> Message:
    """The values that a patient's page may hold."""
    return {name: values[name] for name in PAGE if name in values}


def of_turn(values: Message) -> Message:
    """The values of a turn that a patient's page may hold."""
    return {name: values[name] for name in TURN if name in values}


def of_relay(values: Message) -> Message:
    """The relay as a patient's page may have it."""
    return {name: _only(values[name], part.parts) for name, part in TRIED.items() if name in values}


def _only(value: Any, parts: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_only(one, parts) for one in value]
    if isinstance(value, dict):
        return {name: value[name] for name in parts if name in value}
    return value
