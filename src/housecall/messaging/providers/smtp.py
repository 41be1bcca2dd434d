"""E-mail by SMTP: one connection and one send a message.

SMTP knows neither an idempotency key nor a look-up. Until the message's own words leave, a fault means that
nothing was taken; from then until the server's answer, nobody can tell, and the message is never sent again.
"""

import asyncio
import contextlib
import logging
import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import localtime
from typing import Final

import aiosmtplib

from housecall.kit.addresses import is_mail_address
from housecall.messaging.model import FailReason
from housecall.messaging.providers.base import (
    Capabilities,
    OutgoingText,
    ProviderAnswer,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
)
from housecall.messaging.providers.mail_words import read_reason
from housecall.messaging.returned import return_address

log = logging.getLogger(__name__)

# All of it together stays within a quarter of the outbox's lease.
_TIMEOUT: Final = timedelta(seconds=12)
_GOODBYE_WITHIN_S: Final = 1.0

_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over: ``host`` may be the path of a Unix socket; ``security`` as in the settings."""

    host: str
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = ""
    trusted: ssl.SSLContext | None = None


class SmtpProvider:
    """Hands e-mails to one server, all from one address."""

    name = "smtp"
    capabilities = Capabilities(idempotent=False, lookup=False)

    def __init__(
        self, server: SmtpServer, *, sender: str, returns_to: str = "", timeout: timedelta = _TIMEOUT
    ) -> None:
        """``returns_to``: where servers send notifications of what they could not deliver; else to the sender."""
        self._server = server
        self._sender = sender
        self._returns_to = returns_to
        self._timeout_s = timeout.total_seconds()

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        if not is_mail_address(text.to):
            raise ProviderRefused(FailReason.invalid_number)
        message_id = f"<{text.reference}@{_domain(self._sender)}>"
        content = _written(text, sender=self._sender, message_id=message_id)
        client = self._client()
        handing_over = False
        # The causes are left out of what is raised: they hold the address.
        try:
            async with asyncio.timeout(self._timeout_s):
                await client.connect()
                await self._address(client, text)
                handing_over = True
                await client.data(content)
        except aiosmtplib.SMTPResponseException as answer:
            raise _refusal(answer) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            raise ProviderUnavailable(is_fate_unknown=handing_over) from None
        finally:
            await _leave(client)
        return ProviderAnswer(message_id)

    async def _address(self, client: aiosmtplib.SMTP, text: OutgoingText) -> None:
        """The envelope is written; it holds our message's id, and asks for headers alone to come back."""
        sender = return_address(self._returns_to, text.reference) if self._returns_to else self._sender
        await client.ehlo()
        if not (self._returns_to and client.supports_extension("dsn")):
            await client.mail(sender)
            await client.rcpt(text.to)
            return
        await client.mail(sender, options=["RET=HDRS", f"ENVID={text.reference}"])
        await client.rcpt(text.to, options=["NOTIFY=FAILURE,DELAY"])

    async def lookup(self, reference: str) -> ProviderStatus | None:
        # There is no such question in SMTP; nobody asks, because the capabilities say so.
        raise ProviderUnavailable(is_fate_unknown=True)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        is_socket = server.host.startswith("/")
        return aiosmtplib.SMTP(
            hostname=None if is_socket else server.host,
            port=None if is_socket else server.port,
            socket_path=server.host if is_socket else None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=server.trusted,
            username=server.user or None,
            password=server.password or None,
            local_hostname=_domain(self._sender),
            timeout=self._timeout_s,
        )


async def _leave(client: aiosmtplib.SMTP) -> None:
    """The connection is closed, politely if that is quick: the message's fate is known by then."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if client.is_connected:
            async with asyncio.timeout(_GOODBYE_WITHIN_S):
                await client.quit()
    client.close()


def _refusal(answer: aiosmtplib.SMTPResponseException) -> ProviderRefused | ProviderUnavailable:
    """What the server's no means: try later (4xx, or our own sign-in is wrong), or never."""
    if isinstance(answer, aiosmtplib.SMTPAuthenticationError):
        log.error("The mail server does not take our user and password.", extra={"status": answer.code})
        return ProviderUnavailable(is_fate_unknown=False)
    if not 500 <= answer.code < 600:
        return ProviderUnavailable(is_fate_unknown=False)
    found = _ENHANCED.search(answer.message)
    return ProviderRefused(read_reason(found[1] if found else ""))


def _written(text: OutgoingText, *, sender: str, message_id: str) -> bytes:
    """The message as it goes over the wire; the library refuses a header with a line break in it."""
    mail, letter = EmailMessage(policy=WIRE), text.letter
    local, _, domain = sender.rpartition("@")
    mail["From"] = Address(letter.sender_name if letter else "", local, domain)
    mail["To"] = Address("", *_parts(text.to))
    mail["Subject"] = letter.subject if letter else ""
    mail["Date"] = localtime()
    mail["Message-ID"] = message_id
    # So that nobody's absence note answers.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.body, cte="quoted-printable")
    if letter:
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter and letter.calendar:
        calendar = letter.calendar
        # Twice: as an alternative for programs that draw it, as a file for those that do not.
        mail.add_alternative(
            calendar.text, subtype="calendar", cte="base64", params={"method": calendar.method}
        )
        mail.add_attachment(
            calendar.text.encode(), maintype="application", subtype="ics", filename="visit.ics"
        )
    return mail.as_bytes()


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
