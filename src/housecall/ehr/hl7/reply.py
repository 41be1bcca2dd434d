"""The answer to a message: accepted and stored, failed for now, or refused for good (original mode)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from housecall.ehr.hl7.framing import frame
from housecall.ehr.hl7.message import Header
from housecall.ehr.hl7.times import write_time


class Ack(StrEnum):
    """What the sender hears: done, send it again, or do not."""

    accepted = "AA"
    fault = "AE"
    refused = "AR"


@dataclass(frozen=True)
class Answer:
    """An acknowledgment and, where something is wrong, the code of what it is."""

    ack: Ack
    code: str = ""


def reply(header: Header, answer: Answer, *, now: datetime) -> bytes:
    """The frame to send back, parted by the sender's own signs; without a readable header by the usual ones."""
    bar = header.signs.field
    kind = header.signs.component.join(["ACK", header.event]) if header.event else "ACK"
    msh = [
        "MSH" + bar + header.signs.declared,
        *header.receiver,
        *header.sender,
        write_time(now),
        "",
        kind,
        secrets.token_hex(10),
        header.processing,
        header.version,
    ]
    msa = ["MSA", answer.ack.value, header.control_id, answer.code]
    return frame(f"{bar.join(msh)}\r{bar.join(msa)}\r".encode())
