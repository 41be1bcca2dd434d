"""Which provider carries what, as the settings say."""

import ipaddress
import ssl
from collections.abc import Mapping
from typing import Final

from housecall.kit.addresses import is_mail_address
from housecall.kit.sealing import Sealer
from housecall.kit.settings import SettingInvalid, Settings
from housecall.messaging.carriers import TWILIO_URL, Carriers, Credentials
from housecall.messaging.mailbox import ImapServer, Mailbox
from housecall.messaging.model import Channel
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.smtp import SmtpProvider, SmtpServer
from housecall.messaging.returned import LONGEST_LOCAL

# A shorter secret can be guessed by trying.
_SHORTEST_SECRET = 16


# How the way to the mail server is protected; ``none`` on this machine only.
_SECURITIES: Final = ("starttls", "tls", "none")


class Providers:
    """One provider a channel; a channel without one sends nothing. E-mails leave from ``mail_from``.

    Texts may go by accounts of their own, which ``carriers`` knows.
    """

    def __init__(
        self,
        by_channel: Mapping[Channel, TextProvider],
        *,
        mail_from: str = "",
        carriers: Carriers | None = None,
    ) -> None:
        self._by_channel = dict(by_channel)
        self.mail_from = mail_from
        self.carriers = carriers or Carriers()

    def find(self, channel: Channel) -> TextProvider | None:
        """The provider of this channel, or None."""
        return self._by_channel.get(channel)

    async def close(self) -> None:
        """Give back every provider's connections."""
        for provider in self._by_channel.values():
            await provider.close()
        await self.carriers.close()


def providers_for(settings: Settings, carriers: Carriers | None = None) -> Providers:
    """The providers these settings name; raises SettingInvalid for a setting that cannot work."""
    carriers = carriers or carriers_for(settings)
    found: dict[Channel, TextProvider] = {}
    texts = carriers.first_of_deployment()
    if texts is not None:
        found[Channel.sms] = texts
    sender = settings.text("HOUSECALL_SMTP_FROM")
    if settings.text("HOUSECALL_SMTP_HOST"):
        if not is_mail_address(sender):
            raise SettingInvalid("HOUSECALL_SMTP_FROM must be the address that e-mails come from.")
        found[Channel.email] = SmtpProvider(
            _mail_server(settings), sender=sender, returns_to=_returns_to(settings)
        )
    return Providers(found, mail_from=sender, carriers=carriers)


def mailbox_for(settings: Settings) -> Mailbox | None:
    """The mailbox that returned mail comes to, None where there is none; raises SettingInvalid."""
    host, security = settings.text("HOUSECALL_IMAP_HOST"), settings.text("HOUSECALL_IMAP_SECURITY")
    if not host:
        return None
    returns_to = _returns_to(settings)
    if not returns_to:
        raise SettingInvalid(
            "HOUSECALL_RETURNS_TO must be the address whose mailbox HOUSECALL_IMAP_HOST has."
        )
    _must_be_safe("HOUSECALL_IMAP", host, security)
    server = ImapServer(
        host=host,
        port=int(settings.number("HOUSECALL_IMAP_PORT")),
        security=security,
        user=settings.text("HOUSECALL_IMAP_USER"),
        password=settings.text("HOUSECALL_IMAP_PASSWORD"),
        folder=settings.text("HOUSECALL_IMAP_FOLDER"),
        trusted=_trusted(settings.text("HOUSECALL_CA_FILE")) if security != "none" else None,
    )
    return Mailbox(server, returns_to=returns_to)


def _returns_to(settings: Settings) -> str:
    address = settings.text("HOUSECALL_RETURNS_TO")
    if address and not is_mail_address(address):
        raise SettingInvalid("HOUSECALL_RETURNS_TO must be an e-mail address.")
    if len(address.rpartition("@")[0]) > LONGEST_LOCAL:
        raise SettingInvalid(f"HOUSECALL_RETURNS_TO may have {LONGEST_LOCAL} signs before the @.")
    return address


def carriers_for(settings: Settings, sealer: Sealer | None = None) -> Carriers:
    """The deployment's accounts with text providers; raises SettingInvalid for one that is not complete."""
    deployment = tuple(filter(None, (_gateway(settings), _twilio(settings), _azure(settings))))
    return Carriers(
        deployment,
        sealer=sealer,
        public_url=settings.public_url,
        twilio_url=settings.text("HOUSECALL_TWILIO_URL") or TWILIO_URL,
    )


def _gateway(settings: Settings) -> Credentials | None:
    url, secret = settings.text("HOUSECALL_SMS_GATEWAY_URL"), settings.text("HOUSECALL_SMS_GATEWAY_SECRET")
    if not url:
        return None
    if len(secret) < _SHORTEST_SECRET:
        raise SettingInvalid("HOUSECALL_SMS_GATEWAY_SECRET must have 16 characters or more.")
    return Credentials("gateway", url, secret)


def _twilio(settings: Settings) -> Credentials | None:
    account, token = (
        settings.text("HOUSECALL_TWILIO_ACCOUNT_SID"),
        settings.text("HOUSECALL_TWILIO_AUTH_TOKEN"),
    )
    if bool(account) != bool(token):
        raise SettingInvalid("HOUSECALL_TWILIO_ACCOUNT_SID and HOUSECALL_TWILIO_AUTH_TOKEN belong together.")
    return Credentials("twilio", account, token) if account else None


def _azure(settings: Settings) -> Credentials | None:
    given = settings.text("HOUSECALL_AZURE_CONNECTION_STRING")
    if not given:
        return None
    parts = {
        key.strip().lower(): value for key, _, value in (part.partition("=") for part in given.split(";"))
    }
    endpoint, key = parts.get("endpoint", "").strip().rstrip("/"), parts.get("accesskey", "").strip()
    if not endpoint or not key:
        raise SettingInvalid("HOUSECALL_AZURE_CONNECTION_STRING must be endpoint=https://…/;accesskey=….")
    return Credentials("azure", endpoint, key)


def _mail_server(settings: Settings) -> SmtpServer:
    host, security = settings.text("HOUSECALL_SMTP_HOST"), settings.text("HOUSECALL_SMTP_SECURITY")
    _must_be_safe("HOUSECALL_SMTP", host, security)
    return SmtpServer(
        host=host,
        port=int(settings.number("HOUSECALL_SMTP_PORT")),
        security=security,
        user=settings.text("HOUSECALL_SMTP_USER"),
        password=settings.text("HOUSECALL_SMTP_PASSWORD"),
        trusted=_trusted(settings.text("HOUSECALL_CA_FILE")) if security != "none" else None,
    )


def _must_be_safe(name: str, host: str, security: str) -> None:
    if security not in _SECURITIES:
        raise SettingInvalid(f"{name}_SECURITY must be starttls, tls or none.")
    if security == "none" and not _is_on_this_machine(host):
        raise SettingInvalid(f"{name}_SECURITY may be none for a server on this machine only.")


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
