"""The portal's words for messages: kinds, channels, states, and why one did not arrive."""

from typing import Final

from housecall.kit.languages import ENGLISH_NAMES, has_texts
from housecall.messaging.model import Channel, FailReason, MessageKind, MessageState, SuppressReason
from housecall.messaging.tables import Message

CHANNELS: Final = {Channel.sms: "Text", Channel.email: "E-mail"}

KINDS: Final = {
    MessageKind.confirmation: "Confirmation",
    MessageKind.reminder: "Reminder",
    MessageKind.changed: "New time",
    MessageKind.cancelled: "Cancellation",
    MessageKind.link: "Link by hand",
    MessageKind.ready: "We are ready for you",
    MessageKind.invitation: "Invitation",
    MessageKind.invitation_changed: "New time, to those invited",
    MessageKind.invitation_cancelled: "Cancellation, to those invited",
    MessageKind.help: "Answer to HELP",
}

STATES: Final = {
    MessageState.planned: "Planned",
    MessageState.queued: "Being sent",
    MessageState.accepted: "Sent",
    MessageState.delivered: "Delivered",
    MessageState.failed: "Not delivered",
    MessageState.suppressed: "Not sent",
    MessageState.unknown: "May have been sent",
}

_S, _F = SuppressReason, FailReason

REASONS: Final[dict[str, str]] = {
    _S.no_consent: "the organisation has not agreed to messages",
    _S.no_number: "no number to send from is set up",
    _S.no_mobile: "the patient has no mobile number on file",
    _S.no_email: "the patient has no e-mail address on file",
    _S.goes_by_text: "the patient is texted instead",
    _S.invalid_number: "the number is not a valid one",
    _S.merged: "the patient’s record was merged into another",
    _S.connection_not_working: "the connection to the EHR is not switched on",
    _S.department_not_live: "the visit’s department is not live in this pilot",
    _S.not_listed: "this test connection may write to listed people only",
    _S.opted_out: "the patient does not want it",
    _S.stopped: "the patient replied STOP",
    _S.deceased: "the record says the patient has died",
    _S.visit_over: "the visit was over",
    _S.visit_cancelled: "the visit was cancelled",
    _S.visit_moved: "the visit was moved",
    _S.too_late: "it was too late for it",
    _S.not_wanted: "reminders were set otherwise",
    _S.address_expired: "what was typed in was forgotten before it could be sent",
    _S.no_provider: "no message service is set up",
    _F.unknown_number: "the number does not exist",
    _F.blocked_number: "the carrier blocks our number",
    _F.unreachable: "the phone could not be reached",
    _F.spam_detected: "the carrier took it for spam",
    _F.recipient_blocked: "this phone may get no texts at all",
    _F.landline: "the number is a landline",
    _F.other: "the message service refused it",
    _F.provider_unavailable: "the message service did not answer",
}

# What the same reasons mean for an e-mail.
_MAIL_REASONS: Final[dict[str, str]] = {
    _F.invalid_number: "the address is not a valid one",
    _F.unknown_number: "there is no such mailbox",
    _F.blocked_number: "the receiving side does not trust our sender",
    _F.unreachable: "the mailbox takes no mail now",
    _F.spam_detected: "the receiving side took it for spam",
}


def reason_words(reason: str | None, channel: str) -> str:
    """Why, in words; empty where there is no reason."""
    if reason is None:
        return ""
    own = _MAIL_REASONS if channel == Channel.email else {}
    return own.get(reason) or REASONS.get(reason) or reason.replace("_", " ")


def message_line(message: Message) -> str:
    """State and reason in one line."""
    because = reason_words(message.reason, message.channel)
    state = STATES[MessageState(message.state)]
    if because and message.state == MessageState.accepted:
        return f"{state}, not there yet: {because}."
    return f"{state}: {because}." if because else f"{state}."


def message_languages() -> dict[str, str]:
    """The languages that messages are written in, by code, as staff call them."""
    return {code: name for code, name in ENGLISH_NAMES.items() if has_texts(code, "messages")}
