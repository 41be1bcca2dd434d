"""An HL7 version 2 message in its parts, only those segments that we read; whoever it is about is passed over.

Source: HL7 version 2.5.1, chapter 2.
"""

import re
import string
from dataclasses import dataclass, field
from typing import Final

from housecall.ehr.errors import MessageUnreadable

# PID, NK1, GT1, IN1, NTE and whatever else speaks of a person is not even split into its fields.
_READ: Final = frozenset({"MSH", "SCH", "TQ1", "AIS", "AIL", "AIP"})
_MOST_SEGMENTS: Final = 500
_LONGEST_ID: Final = 199


@dataclass(frozen=True)
class Delimiters:
    """The signs that part a message, as its first segment declares them."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    @property
    def declared(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


USUAL: Final = Delimiters("|", "^", "~", "\\", "&")


class Segment:
    """One segment; a field that is absent, empty or null (two quotes) is an empty text."""

    def __init__(self, line: str, signs: Delimiters) -> None:
        fields = line.split(signs.field)
        self.name = fields[0]
        # In MSH the separator itself is counted as the first field.
        self._fields = [self.name, signs.field, *fields[1:]] if self.name == "MSH" else fields
        self._signs = signs

    def raw(self, number: int) -> str:
        """The field as it stands."""
        said = self._fields[number] if number < len(self._fields) else ""
        return "" if said == '""' else said

    def part(self, number: int, component: int = 1) -> str:
        """A component of the field's first repetition, its first subcomponent, escapes resolved."""
        signs = self._signs
        parts = self.raw(number).split(signs.repetition, 1)[0].split(signs.component)
        said = parts[component - 1] if component <= len(parts) else ""
        return _unescaped(said.split(signs.subcomponent, 1)[0], signs).strip()


@dataclass(frozen=True)
class Header:
    """What an answer needs of the message it answers."""

    signs: Delimiters = USUAL
    sender: tuple[str, str] = field(default=("", ""), repr=False)
    """Application and facility (MSH-3, MSH-4), as they stand."""
    receiver: tuple[str, str] = field(default=("", ""), repr=False)
    control_id: str = ""
    kind: str = ""
    event: str = ""
    processing: str = "P"
    version: str = "2.3"


class Message:
    """A message whose header could be read."""

    def __init__(self, header: Header, segments: list[Segment]) -> None:
        self.header = header
        self._segments = segments

    def first(self, name: str) -> Segment:
        """The first segment of that name, or an empty one."""
        return next((one for one in self._segments if one.name == name), Segment(name, self.header.signs))

    def every(self, name: str) -> list[Segment]:
        """All segments of that name, in order."""
        return [one for one in self._segments if one.name == name]


def parse(message: bytes) -> Message:
    """The message in its parts; raises MessageUnreadable where the header cannot be read.

    UTF-8, or Latin-1 where it is not: the two differ in nothing that we keep.
    """
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError:
        text = message.decode("latin-1")
    # A line feed parts segments only where there is no carriage return: else it is a part of some text.
    lines = [line.lstrip("\n") for line in text.split("\r" if "\r" in text else "\n")]
    signs = _signs_of(lines[0])
    wanted = [line for line in lines if line[:3] in _READ and line[3:4] in ("", signs.field)]
    if len(wanted) > _MOST_SEGMENTS or sum(line.startswith("MSH") for line in wanted) > 1:
        # Two messages in one frame would have one answer, and nobody would know for which.
        raise MessageUnreadable
    segments = [Segment(line, signs) for line in wanted]
    return Message(_header(segments[0], signs), segments)


def _signs_of(line: str) -> Delimiters:
    separator, declared = line[3:4], line[4:].split(line[3:4] or "|", 1)[0]
    signs = separator + declared
    is_sound = (
        len(declared) in (4, 5) and len(set(signs)) == len(signs) and set(signs) <= set(string.punctuation)
    )
    if not line.startswith("MSH") or not is_sound:
        raise MessageUnreadable
    return Delimiters(separator, *declared[:4])


def _header(msh: Segment, signs: Delimiters) -> Header:
    control_id = msh.raw(10)
    if not control_id or len(control_id) > _LONGEST_ID or not control_id.isprintable():
        raise MessageUnreadable
    return Header(
        signs=signs,
        sender=(_echo(msh.raw(3)), _echo(msh.raw(4))),
        receiver=(_echo(msh.raw(5)), _echo(msh.raw(6))),
        control_id=control_id,
        kind=_word(msh.part(9)),
        event=_word(msh.part(9, 2)),
        processing=_word(msh.part(11)) or "P",
        version=_echo(msh.raw(12)) or "2.3",
    )


def _echo(said: str) -> str:
    """What goes back as it came, without signs that could end a segment or a frame."""
    return "".join(sign for sign in said if sign.isprintable())[:_LONGEST_ID]


def _word(said: str) -> str:
    return said if re.fullmatch(r"[A-Z0-9]{1,8}", said, re.ASCII) else ""


def _unescaped(said: str, signs: Delimiters) -> str:
    """Escapes resolved; those that only say how a text should look are taken out."""
    if signs.escape not in said:
        return said
    mark = re.escape(signs.escape)
    return re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _meaning(found[1], signs), said)


def _meaning(code: str, signs: Delimiters) -> str:
    plain = {
        "F": signs.field,
        "S": signs.component,
        "T": signs.subcomponent,
        "R": signs.repetition,
        "E": signs.escape,
        ".br": " ",
    }
    if code[:1] == "X" and re.fullmatch(r"([0-9A-Fa-f]{2})+", code[1:], re.ASCII):
        return bytes.fromhex(code[1:]).decode("latin-1")
    return plain.get(code, "")
