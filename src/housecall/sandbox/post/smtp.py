"""A mail server for one hospital's patients: SMTP as RFC 5321 has it, strict where large providers are.

Mailboxes whose name begins in a magic way do not work, so that every answer can be rehearsed:

    nobody…  550, no such mailbox        spam…    554 after the message
    full…    452, mailbox is full        drop…    the message is kept, the connection breaks
    later…   451, greylisted             gone…    taken, and returned: no such mailbox
                                         asleep…  taken, and told of: still tried
"""

import asyncio
import contextlib
import logging
import os
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from housecall.sandbox.house import House
from housecall.sandbox.post.letters import LetterRefused, check, letter
from housecall.sandbox.post.returns import fate_of, notification, send_back

_LOG = logging.getLogger("housecall.sandbox.post")
_LARGEST: Final = 10 * 1024 * 1024
_IDLE_S: Final = 60.0
_MOST_RECIPIENTS: Final = 100
_PATH: Final = re.compile(r"(FROM|TO):\s*<([^<>\s]*)>((?: [^\s]+)*)", re.IGNORECASE)
_MAILBOX: Final = re.compile(r"[^@\s<>(),;:\\\"\[\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PARAMETERS: Final = re.compile(
    r"(SIZE=\d+|BODY=(7BIT|8BITMIME)|RET=(HDRS|FULL)|ENVID=[!-~]{1,100})", re.IGNORECASE
)
_FOR_ONE: Final = re.compile(
    r"NOTIFY=(NEVER|(SUCCESS|FAILURE|DELAY)(,(SUCCESS|FAILURE|DELAY)){0,2})|ORCPT=rfc822;[!-~]{1,500}",
    re.IGNORECASE,
)
_REFUSED: Final = {
    "nobody": "550 5.1.1 The email account that you tried to reach does not exist",
    "full": "452 4.2.2 The recipient's inbox is out of storage space",
    "later": "451 4.7.1 Greylisted, please try again in a minute",
}


class Connection:
    """One client, from greeting to goodbye."""

    def __init__(self, house: House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._house = house
        self._reader = reader
        self._writer = writer
        self._is_greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._envelope_id = ""

    async def serve(self) -> None:
        """Answer until the client leaves."""
        if self._house.switches.mail == "down":
            await self._say("421 4.3.2 Service is shutting down")
            return
        await self._say("220 mail.sandbox.example ESMTP")
        while True:
            async with asyncio.timeout(_IDLE_S):
                line = await self._reader.readline()
            if not line:
                return
            if not line.endswith(b"\r\n") or len(line) > 512:
                await self._say("500 5.5.2 Line must end with CR LF and be at most 512 octets")
                continue
            if not await self._obey(line[:-2].decode("ascii", "replace")):
                return

    async def _obey(self, line: str) -> bool:
        """Do what the line says; False when the connection is over."""
        word, _, rest = line.partition(" ")
        match word.upper():
            case "EHLO" | "HELO":
                await self._greet(word.upper(), rest)
            case "MAIL":
                await self._say(self._take_sender(rest))
            case "RCPT":
                await self._say(self._take_recipient(rest))
            case "DATA":
                return await self._take_message(rest)
            case "RSET":
                self._forget()
                await self._say("250 2.0.0 Reset")
            case "NOOP":
                await self._say("250 2.0.0 OK")
            case "QUIT":
                await self._say("221 2.0.0 Goodbye")
                return False
            case _:
                await self._say("502 5.5.1 Command not implemented")
        return True

    async def _greet(self, word: str, name: str) -> None:
        if not name.strip():
            await self._say(f"501 5.5.4 {word} needs a name")
            return
        self._is_greeted = True
        self._forget()
        if word == "HELO":
            await self._say("250 mail.sandbox.example")
            return
        await self._say(
            "250-mail.sandbox.example",
            "250-8BITMIME",
            f"250-SIZE {_LARGEST}",
            "250-DSN",
            "250 ENHANCEDSTATUSCODES",
        )

    def _take_sender(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if not self._is_greeted or self._sender is not None:
            return "503 5.5.1 Bad sequence of commands"
        if found is None or found[1].upper() != "FROM":
            return "501 5.5.4 MAIL FROM:<address>"
        if any(not _PARAMETERS.fullmatch(one) for one in found[3].split()):
            return "555 5.5.4 Parameter not recognised"
        size = re.search(r"SIZE=(\d+)", found[3], re.IGNORECASE)
        if size and int(size[1]) > _LARGEST:
            return "552 5.3.4 Message is too large"
        if not _MAILBOX.fullmatch(found[2]):
            return "553 5.1.7 The sender is no address"
        self._sender = found[2]
        envelope_id = re.search(r"ENVID=(\S+)", found[3], re.IGNORECASE)
        self._envelope_id = envelope_id[1] if envelope_id else ""
        return "250 2.1.0 OK"

    def _take_recipient(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if self._sender is None:
            return "503 5.5.1 MAIL first"
        if found is None or found[1].upper() != "TO":
            return "501 5.5.4 RCPT TO:<address>"
        if any(not _FOR_ONE.fullmatch(one) for one in found[3].split()):
            return "555 5.5.4 Parameter not recognised"
        if not _MAILBOX.fullmatch(found[2]):
            return "553 5.1.3 The recipient address is not a valid RFC 5321 address"
        if len(self._recipients) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        for beginning, answer in _REFUSED.items():
            if found[2].lower().startswith(beginning):
                return answer
        self._recipients.append(found[2])
        return "250 2.1.5 OK"

    async def _take_message(self, rest: str) -> bool:
        if rest or self._sender is None:
            await self._say("503 5.5.1 MAIL and RCPT first")
            return True
        if not self._recipients:
            await self._say("554 5.5.1 No valid recipients")
            return True
        await self._say("354 Go ahead")
        content = await self._read_message()
        recipients = self._recipients
        try:
            self._keep(content, recipients)
        except LetterRefused as refusal:
            await self._say(str(refusal))
            return True
        finally:
            self._forget()
        if recipients[0].startswith("drop"):
            return False
        await self._say("250 2.0.0 OK, taken")
        return True

    async def _read_message(self) -> bytes:
        lines: list[bytes] = []
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _keep(self, content: bytes, recipients: list[str]) -> None:
        if len(content) > _LARGEST:
            raise LetterRefused("552 5.3.4 Message is too large")
        message = check(content)
        if any(one.startswith("spam") for one in recipients):
            raise LetterRefused(
                "554 5.7.1 Our system has detected that this message is likely unsolicited mail"
            )
        for one in recipients:
            fate = fate_of(one)
            if fate is not None:
                self._send_back(message, fate, one)
                continue
            self._house.world.record.mails.append(letter(message, to=one, at=self._house.clock.now()))
        self._house.world.touch()

    def _send_back(self, message: EmailMessage, fate: str, mailbox: str) -> None:
        notice = notification(
            message, fate, returns_to=self._sender or "", mailbox=mailbox, envelope_id=self._envelope_id,
            at=self._house.clock.now(),
        )  # fmt: skip
        self._house.returned.append(notice)
        self._house.begin(send_back(self._house, notice))

    def _forget(self) -> None:
        self._sender, self._recipients, self._envelope_id = None, [], ""

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


async def listen(house: House, path: Path) -> asyncio.AbstractServer:
    """The mail server listens on a Unix socket; no port is taken."""

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                await Connection(house, reader, writer).serve()
        finally:
            writer.close()

    _make_room(path)
    server = await asyncio.start_unix_server(welcome, path, limit=2 * _LARGEST)
    # Only who runs the demo may write to its patients.
    os.chmod(path, 0o600)
    return server


def _make_room(path: Path) -> None:
    """A socket that a killed sandbox left behind is gone."""
    path.unlink(missing_ok=True)
