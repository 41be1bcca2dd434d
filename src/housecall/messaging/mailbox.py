"""The mailbox that returned mail comes to, read by IMAP: what is ours is taken and deleted, the rest is left as seen.

The standard library's client blocks, so it works on a thread; every answer has its time.
"""

import asyncio
import contextlib
import imaplib
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from housecall.messaging.errors import MailboxUnavailable
from housecall.messaging.returned import LARGEST, Returned, read_returned

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 15.0
# A flood is read in several rounds, so that none of them holds the thread for long.
_BATCH: Final = 50


@dataclass(frozen=True)
class ImapServer:
    """Where the mailbox is; ``security`` as in the settings."""

    host: str
    port: int = 993
    security: str = "tls"
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    trusted: ssl.SSLContext | None = None


@dataclass
class Batch:
    """Notifications on messages of ours; they are deleted once ``keep`` was left without a fault."""

    found: list[Returned] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


class Mailbox:
    """Reads one folder; nothing is deleted before it was taken."""

    def __init__(self, server: ImapServer, *, returns_to: str) -> None:
        self._server = server
        self._returns_to = returns_to

    async def check(self) -> None:
        """The folder can be opened; raises MailboxUnavailable."""
        async with self._opened():
            pass

    @asynccontextmanager
    async def unread(self) -> AsyncIterator[Batch]:
        """What came since; deleted when the block ends well. Raises MailboxUnavailable."""
        async with self._opened() as client:
            batch = await _ask(self._fetch, client)
            yield batch
            await _ask(_settle, client, batch)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[imaplib.IMAP4]:
        client = await _ask(self._open)
        try:
            yield client
        finally:
            with contextlib.suppress(MailboxUnavailable):
                await _ask(client.logout)

    def _open(self) -> imaplib.IMAP4:
        server = self._server
        client: imaplib.IMAP4
        if server.security == "tls":
            client = imaplib.IMAP4_SSL(
                server.host, server.port, ssl_context=server.trusted, timeout=_TIMEOUT_S
            )
        else:
            client = imaplib.IMAP4(server.host, server.port, timeout=_TIMEOUT_S)
        if server.security == "starttls":
            client.starttls(server.trusted)
        client.login(server.user, server.password)
        _must(client.select(f'"{server.folder}"'))
        return client

    def _fetch(self, client: imaplib.IMAP4) -> Batch:
        (listed,) = _must(client.uid("SEARCH", "UNSEEN"))
        batch = Batch()
        for uid in (listed or b"").decode("ascii", "ignore").split()[:_BATCH]:
            content = _content(_must(client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")))
            returned = read_returned(content, returns_to=self._returns_to)
            if returned is None:
                batch.others.append(uid)
            else:
                batch.found.append(returned)
                batch.ours.append(uid)
        return batch


def _settle(client: imaplib.IMAP4, batch: Batch) -> None:
    if batch.others:
        _must(client.uid("STORE", ",".join(batch.others), "+FLAGS.SILENT", r"(\Seen)"))
    if batch.ours:
        _must(client.uid("STORE", ",".join(batch.ours), "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        _must(client.expunge())


def _content(answer: Sequence[Any]) -> bytes:
    """The literal of a FETCH's answer; empty where the message went meanwhile."""
    literals = [one[1] for one in answer if isinstance(one, tuple) and len(one) > 1]
    return literals[0] if literals and isinstance(literals[0], bytes) else b""


def _must(answer: tuple[str, list[Any]]) -> list[Any]:
    word, data = answer
    if word != "OK":
        raise MailboxUnavailable
    return data


async def _ask(act: Any, *arguments: Any) -> Any:
    try:
        return await asyncio.to_thread(act, *arguments)
    except (imaplib.IMAP4.error, OSError, ValueError):
        # The cause may hold what the server said, and a line of somebody's mail.
        raise MailboxUnavailable from None
