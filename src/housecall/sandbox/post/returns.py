"""What a mail server sends back for a letter it took and could not deliver: a notification by RFC 3464."""

from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Final

from housecall.sandbox.house import House
from housecall.sandbox.texts.hooks import post_signed

# Mailboxes whose name begins so take a letter, and the server behind them does not: action, status, what it says.
FATES: Final = {
    "gone": ("failed", "5.1.1", "550 5.1.1 User unknown in virtual mailbox table"),
    "asleep": ("delayed", "4.2.2", "452 4.2.2 The recipient's inbox is out of storage space"),
}


def fate_of(mailbox: str) -> str | None:
    """The mailbox's fate, None where letters arrive."""
    return next((one for one in FATES if mailbox.lower().startswith(one)), None)


def notification(
    letter: EmailMessage, fate: str, *, returns_to: str, mailbox: str, envelope_id: str, at: datetime
) -> bytes:
    """The notification on this letter: for people, for programs, and the letter's own headers."""
    action, status, said = FATES[fate]
    mail = MIMEMultipart("report")
    mail.set_param("report-type", "delivery-status")
    mail["From"] = "MAILER-DAEMON@mail.sandbox.example"
    mail["To"] = returns_to
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Date"] = format_datetime(at)
    mail["Auto-Submitted"] = "auto-replied"
    mail.attach(MIMEText(f"This is the mail system. Your message could not be delivered: {said}\n"))
    whole, one = Message(), Message()
    whole["Reporting-MTA"] = "dns; mail.sandbox.example"
    if envelope_id:
        whole["Original-Envelope-Id"] = envelope_id
    one["Final-Recipient"] = f"rfc822; {mailbox}"
    one["Action"] = action
    one["Status"] = status
    one["Diagnostic-Code"] = f"smtp; {said}"
    report = MIMEMessage(whole, "delivery-status")
    report.set_payload([whole, one])
    mail.attach(report)
    headers = Message()
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        headers[name] = str(letter[name])
    mail.attach(MIMEText(headers.as_string(), "rfc822-headers"))
    return mail.as_bytes()


async def send_back(house: House, notice: bytes) -> None:
    """Housecall has the notification, as a mail server that posts it hands it over."""
    await post_signed(house, "/hooks/mail", notice, kind="message/rfc822")
