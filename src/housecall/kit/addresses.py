"""Addresses of mailboxes, as far as we write to them."""

import re
from typing import Final

# What real mailboxes look like, not all that RFC 5321 allows: no quotes, no comments, no line breaks, one @.
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254


def is_mail_address(written: str) -> bool:
    """Whether mail can be sent to this, as it stands."""
    local, at, domain = written.rpartition("@")
    labels = domain.split(".")
    return (
        bool(at)
        and len(written) <= _LONGEST
        and len(local) <= _LONGEST_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
    )
