"""Numbers and e-mail addresses that staff typed in: read as their country writes them, or refused."""

import phonenumbers

from housecall.kit.addresses import is_mail_address
from housecall.messaging.model import Channel
from housecall.tenancy.tables import Connection
from housecall.visits.errors import MailAddressInvalid, NumberInvalid


def typed_address(typed: str, channel: Channel, connection: Connection) -> str:
    """What was typed, as it is written to; raises NumberInvalid or MailAddressInvalid."""
    if channel is Channel.sms:
        return international(typed, connection)
    if not is_mail_address(typed.strip()):
        raise MailAddressInvalid
    return typed.strip()


def international(typed: str, connection: Connection) -> str:
    """The number in E.164, read as the connection's country writes it; raises NumberInvalid."""
    try:
        parsed = phonenumbers.parse(typed, connection.phone_region)
    except phonenumbers.NumberParseException:
        raise NumberInvalid from None
    if not phonenumbers.is_possible_number(parsed):
        raise NumberInvalid
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
