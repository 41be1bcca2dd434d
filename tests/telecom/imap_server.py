"""A local IMAP server with one mailbox: as much of RFC 3501 as a reader of a mailbox needs, strict where it is one."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "returns", 'a "quoted" pass\\word'
_UNQUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"|(\S+)')


@dataclass
class Kept:
    """A message in the mailbox and its flags."""

    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Imap:
    """The mailbox ``INBOX`` by UID; ``breaks_at`` closes the connection at that command."""

    mails: dict[int, Kept] = field(default_factory=dict)
    breaks_at: str = ""
    refuses: str = ""
    port: int = 0

    def drop(self, content: bytes) -> int:
        """The message is in the mailbox; its UID."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = Kept(content)
        return uid

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        session = _Session(self)
        writer.write(b"* OK mail.test IMAP4rev1\r\n")
        try:
            while line := await reader.readline():
                tag, _, rest = line.decode("ascii").rstrip("\r\n").partition(" ")
                word, _, arguments = rest.partition(" ")
                if word.upper() == "UID":
                    word, _, arguments = arguments.partition(" ")
                if word.upper() == self.breaks_at:
                    return
                if word.upper() == self.refuses:
                    writer.write(f"{tag} NO [UNAVAILABLE] not now\r\n".encode())
                    continue
                for answer in session.obey(word.upper(), arguments):
                    writer.write(answer + b"\r\n")
                writer.write(f"{tag} {session.result}\r\n".encode())
                await writer.drain()
                if word.upper() == "LOGOUT":
                    return
        finally:
            writer.close()


class _Session:
    def __init__(self, server: Imap) -> None:
        self.server = server
        self.is_in = self.is_selected = False
        self.result = "OK done"

    def obey(self, word: str, arguments: str) -> list[bytes]:
        """The untagged answers; ``result`` is what the tagged one says."""
        self.result = "OK done"
        match word:
            case "CAPABILITY":
                return [b"* CAPABILITY IMAP4rev1"]
            case "LOGIN":
                self.is_in = _words(arguments) == [USER, PASSWORD]
                self.result = self.result if self.is_in else "NO [AUTHENTICATIONFAILED] no"
                return []
            case "SELECT" if self.is_in:
                self.is_selected = _words(arguments) == ["INBOX"]
                self.result = self.result if self.is_selected else "NO no such mailbox"
                return [f"* {len(self.server.mails)} EXISTS".encode()]
            case "SEARCH" | "FETCH" | "STORE" | "EXPUNGE" if self.is_selected:
                return getattr(self, f"_{word.lower()}")(arguments)  # type: ignore[no-any-return]
            case "LOGOUT":
                return [b"* BYE"]
            case _:
                self.result = "BAD not now"
                return []

    def _search(self, arguments: str) -> list[bytes]:
        assert arguments == "UNSEEN"
        unseen = [str(uid) for uid, one in self.server.mails.items() if r"\Seen" not in one.flags]
        return [f"* SEARCH {' '.join(unseen)}".rstrip().encode()]

    def _fetch(self, arguments: str) -> list[bytes]:
        found = re.fullmatch(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", arguments)
        assert found
        kept = self.server.mails.get(int(found[1]))
        if kept is None:
            return []
        part = kept.content[: int(found[2])]
        return [b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n" % (found[1].encode(), len(part)) + part + b")"]

    def _store(self, arguments: str) -> list[bytes]:
        found = re.fullmatch(r"([\d,]+) \+FLAGS\.SILENT \(([^)]+)\)", arguments)
        assert found
        for uid in found[1].split(","):
            if int(uid) in self.server.mails:
                self.server.mails[int(uid)].flags |= set(found[2].split())
        return []

    def _expunge(self, arguments: str) -> list[bytes]:
        gone = [uid for uid, one in self.server.mails.items() if r"\Deleted" in one.flags]
        for uid in gone:
            del self.server.mails[uid]
        return [b"* 1 EXPUNGE" for _ in gone]


def _words(text: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in _UNQUOTED.findall(text)]


@asynccontextmanager
async def imap_served(trust: ssl.SSLContext | None = None) -> AsyncIterator[Imap]:
    """The running server; its port stands in it. With ``trust`` it speaks TLS from the first byte."""
    imap = Imap()
    server = await asyncio.start_server(imap.talk, "127.0.0.1", 0, ssl=trust)
    imap.port = server.sockets[0].getsockname()[1]
    yield imap
    server.close()
