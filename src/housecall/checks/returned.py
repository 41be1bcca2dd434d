"""Check of the mailbox that returned e-mail comes to."""

from collections.abc import Sequence

from housecall.checks.model import Finding, Ground, fail, ok, skipped, warn
from housecall.kit.settings import SettingInvalid
from housecall.messaging.errors import MailboxUnavailable
from housecall.messaging.providers.registry import mailbox_for


async def mailbox(ground: Ground) -> Sequence[Finding]:
    """It lets us in, and its folder is there."""
    settings = ground.settings
    try:
        there = mailbox_for(settings)
    except SettingInvalid as fault:
        return [fail(fault.sentence, "Mend the setting, and start Housecall anew.")]
    if there is None:
        if not settings.text("HOUSECALL_SMTP_HOST"):
            return [skipped("E-mail is not set up.")]
        if settings.text("HOUSECALL_RETURNS_TO") and settings.text("HOUSECALL_RETURNS_SECRET"):
            return [ok("Returned e-mail is posted to us by the mail server.")]
        return [
            warn(
                "E-mail that comes back after it was taken is not noticed: it stands as sent.",
                "Set HOUSECALL_RETURNS_TO, and HOUSECALL_IMAP_HOST or HOUSECALL_RETURNS_SECRET.",
            )
        ]
    try:
        await there.check()
    except MailboxUnavailable as fault:
        return [
            fail(
                fault.sentence,
                "Check HOUSECALL_IMAP_HOST, its port, security, user, password and folder, and the way there.",
            )
        ]
    return [ok("The mailbox for returned e-mail lets us in.")]
