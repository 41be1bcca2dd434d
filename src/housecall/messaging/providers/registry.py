"""Which provider carries what, as the settings say."""

import ipaddress
import ssl
from collections.abc import Mapping
from typing import Final

from housecall.kit.addresses import is_mail_address
from housecall.kit.settings import SettingInvalid, Settings
from housecall.messaging.model import Channel
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.smtp import SmtpProvider, SmtpServer

# A shorter secret can be guessed by trying.
_SHORTEST_SECRET = 16


# How the way to the mail server is protected; ``none`` on this machine only.
_SECURITIES: Final = ("starttls", "tls", "none")


class Providers:
    """One provider a channel; a channel without one sends nothing. E-mails leave from ``mail_from``."""

    def __init__(self, by_channel: Mapping[Channel, TextProvider], *, mail_from: str = "") -> None:
        self._by_channel = dict(by_channel)
        self.mail_from = mail_from

    def find(self, channel: Channel) -> TextProvider | None:
        """The provider of this channel, or None."""
        return self._by_channel.get(channel)

    async def close(self) -> None:
        """Give back every provider's connections."""
        for provider in self._by_channel.values():
            await provider.close()


def providers_for(settings: Settings) -> Providers:
    """The providers these settings name; raises SettingInvalid for a setting that cannot work."""
    found: dict[Channel, TextProvider] = {}
    url = settings.text("HOUSECALL_SMS_GATEWAY_URL")
    if url:
        if len(settings.text("HOUSECALL_SMS_GATEWAY_SECRET")) < _SHORTEST_SECRET:
            raise SettingInvalid("HOUSECALL_SMS_GATEWAY_SECRET must have 16 characters or more.")
        found[Channel.sms] = GatewayProvider(url)
    sender = settings.text("HOUSECALL_SMTP_FROM")
    if settings.text("HOUSECALL_SMTP_HOST"):
        if not is_mail_address(sender):
            raise SettingInvalid("HOUSECALL_SMTP_FROM must be the address that e-mails come from.")
        found[Channel.email] = SmtpProvider(_mail_server(settings), sender=sender)
    return Providers(found, mail_from=sender)


def _mail_server(settings: Settings) -> SmtpServer:
    host, security = settings.text("HOUSECALL_SMTP_HOST"), settings.text("HOUSECALL_SMTP_SECURITY")
    if security not in _SECURITIES:
        raise SettingInvalid("HOUSECALL_SMTP_SECURITY must be starttls, tls or none.")
    if security == "none" and not _is_on_this_machine(host):
        raise SettingInvalid("HOUSECALL_SMTP_SECURITY may be none for a server on this machine only.")
    return SmtpServer(
        host=host,
        port=int(settings.number("HOUSECALL_SMTP_PORT")),
        security=security,
        user=settings.text("HOUSECALL_SMTP_USER"),
        password=settings.text("HOUSECALL_SMTP_PASSWORD"),
        trusted=_trusted(settings.text("HOUSECALL_CA_FILE")) if security != "none" else None,
    )


def _trusted(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _is_on_this_machine(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
