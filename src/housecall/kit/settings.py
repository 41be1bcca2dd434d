"""Every setting, in one table: name, default, unit, sentence. The reference page is made from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from housecall.kit.errors import HousecallError, Kind


class SettingInvalid(HousecallError):
    """A setting has a value that cannot be used."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "kit.setting_invalid"


@dataclass(frozen=True)
class Setting:
    """One ``HOUSECALL_*`` environment variable."""

    name: str
    default: str
    unit: str
    sentence: str


SETTINGS: Final = (
    Setting("HOUSECALL_PORT", "8000", "port", "Where Housecall listens."),
    Setting(
        "HOUSECALL_HOST", "127.0.0.1", "address", "The address Housecall listens on; 0.0.0.0 behind a proxy."
    ),
    Setting(
        "HOUSECALL_PUBLIC_URL",
        "",
        "URL",
        "The address people reach Housecall at; http://localhost:PORT if not set.",
    ),
    Setting(
        "HOUSECALL_DATA_DIR", ".data", "folder", "Where the embedded database, the made key and logs live."
    ),
    Setting(
        "HOUSECALL_DATABASE_URL", "", "URL", "PostgreSQL 15 or later; if not set, the embedded one is used."
    ),
    Setting("HOUSECALL_REDIS_URL", "", "URL", "Redis or Valkey between several nodes; not needed for one."),
    Setting(
        "HOUSECALL_REGION",
        "americas",
        "name",
        "americas, europe or asia-pacific: where this deployment keeps its data.",
    ),
    Setting(
        "HOUSECALL_MASTER_KEY",
        "",
        "base64",
        "32 bytes that seal secrets; several, newest first, while rotating.",
    ),
    Setting(
        "HOUSECALL_ALLOW_PRIVATE_ADDRESSES",
        "",
        "true or CIDR list",
        "Private networks on which a FHIR server may be.",
    ),
    Setting("HOUSECALL_CA_FILE", "", "file", "Certificates to trust besides the usual ones, in PEM."),
    Setting("HOUSECALL_TRUSTED_PROXIES", "", "CIDR list", "Proxies whose X-Forwarded headers are believed."),
    Setting(
        "HOUSECALL_LANGUAGES_DIR",
        "",
        "folder",
        "Languages of your own beside English, Danish, Spanish and Arabic: one file each, as sv.json.",
    ),
    Setting("HOUSECALL_FEED_EVERY_S", "30", "seconds", "How often each connection's appointments are read."),
    Setting("HOUSECALL_SMS_GATEWAY_URL", "", "URL", "The HTTP gateway that sends texts."),
    Setting(
        "HOUSECALL_SMS_GATEWAY_SECRET",
        "",
        "text",
        "Signs the gateway's receipts and replies; 16 characters or more.",
    ),
    Setting(
        "HOUSECALL_SMTP_HOST", "", "name or path", "The server that sends e-mails; a path is its Unix socket."
    ),
    Setting("HOUSECALL_SMTP_PORT", "587", "port", "Where that server listens."),
    Setting(
        "HOUSECALL_SMTP_SECURITY",
        "starttls",
        "word",
        "starttls, tls (from the first byte, usually port 465), or none on this machine.",
    ),
    Setting("HOUSECALL_SMTP_USER", "", "text", "Our user at that server; none where it asks for none."),
    Setting("HOUSECALL_SMTP_PASSWORD", "", "text", "Its password."),
    Setting("HOUSECALL_SMTP_FROM", "", "e-mail address", "The address that e-mails come from."),
    Setting(
        "HOUSECALL_RETURNS_TO",
        "",
        "e-mail address",
        "Where e-mails come back to that could not be delivered, with our message's id after a plus.",
    ),
    Setting(
        "HOUSECALL_RETURNS_SECRET",
        "",
        "text",
        "Signs what a mail server posts to /hooks/mail; 16 characters or more.",
    ),
    Setting("HOUSECALL_IMAP_HOST", "", "name", "The server whose mailbox returned e-mails come to."),
    Setting("HOUSECALL_IMAP_PORT", "993", "port", "Where that server listens."),
    Setting(
        "HOUSECALL_IMAP_SECURITY",
        "tls",
        "word",
        "tls (from the first byte), starttls, or none on this machine.",
    ),
    Setting("HOUSECALL_IMAP_USER", "", "text", "Our user at that server."),
    Setting("HOUSECALL_IMAP_PASSWORD", "", "text", "Its password."),
    Setting("HOUSECALL_IMAP_FOLDER", "INBOX", "name", "The folder; what is read in it as ours is deleted."),
    Setting(
        "HOUSECALL_TWILIO_ACCOUNT_SID",
        "",
        "text",
        "The deployment's Twilio account, for organisations without one.",
    ),
    Setting(
        "HOUSECALL_TWILIO_AUTH_TOKEN", "", "text", "Proves us to Twilio, and Twilio's notifications to us."
    ),
    Setting("HOUSECALL_TWILIO_URL", "https://api.twilio.com", "URL", "Where Twilio's interface is."),
    Setting(
        "HOUSECALL_AZURE_CONNECTION_STRING",
        "",
        "text",
        "The deployment's Azure Communication Services resource: endpoint=https://…/;accesskey=….",
    ),
    Setting(
        "HOUSECALL_TURN_URLS",
        "",
        "URL list",
        "TURN relays for networks that block direct calls, separated by commas.",
    ),
    Setting("HOUSECALL_TURN_SECRET", "", "text", "Shared secret for short-lived TURN credentials."),
    Setting(
        "HOUSECALL_WARM_UP",
        "true",
        "true or false",
        "Whether a waiting patient's connection is made, without a picture, once a clinician looks; needs a relay.",
    ),
    Setting(
        "HOUSECALL_DEMO", "false", "true or false", "Set by the demo: its sandbox signs administrators in."
    ),
    Setting(
        "HOUSECALL_TEAMS_STAND_IN",
        "",
        "URL",
        "Set by the demo: what stands in for Microsoft's sign-in and Graph.",
    ),
    Setting("HOUSECALL_SANDBOX_URL", "", "URL", "Set by the demo: where the sandbox is."),
    Setting("HOUSECALL_LOG_LEVEL", "INFO", "level", "DEBUG, INFO, WARNING or ERROR."),
)

REGIONS: Final = ("americas", "europe", "asia-pacific")


class Settings:
    """The settings as the environment gives them, defaults filled in; unknown names are refused."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        known = {setting.name: setting for setting in SETTINGS}
        unknown = [name for name in environ if name.startswith("HOUSECALL_") and name not in known]
        if unknown:
            raise SettingInvalid(f"There is no setting {unknown[0]}; the reference page lists all of them.")
        self._values = {name: environ.get(name, "") or setting.default for name, setting in known.items()}

    def text(self, name: str) -> str:
        """The value as it stands; empty if there is none."""
        return self._values[name]

    def number(self, name: str) -> float:
        """The value as a number above zero."""
        try:
            number = float(self._values[name])
        except ValueError:
            raise SettingInvalid(f"{name} must be a number.") from None
        if not 0 < number < math.inf:
            raise SettingInvalid(f"{name} must be above zero.")
        return number

    def flag(self, name: str) -> bool:
        """Whether the value is ``true``, ``yes``, ``on`` or ``1``."""
        return self._values[name].strip().lower() in ("true", "yes", "on", "1")

    def words(self, name: str) -> tuple[str, ...]:
        """The value as a list separated by commas."""
        return tuple(part.strip() for part in self._values[name].split(",") if part.strip())

    @property
    def port(self) -> int:
        port = self.number("HOUSECALL_PORT")
        if not port.is_integer() or port > 65_535:
            raise SettingInvalid("HOUSECALL_PORT must be a whole number up to 65535.")
        return int(port)

    @property
    def public_url(self) -> str:
        return (self.text("HOUSECALL_PUBLIC_URL") or f"http://localhost:{self.port}").rstrip("/")

    @property
    def region(self) -> str:
        region = self.text("HOUSECALL_REGION")
        if region not in REGIONS:
            raise SettingInvalid("HOUSECALL_REGION must be americas, europe or asia-pacific.")
        return region
