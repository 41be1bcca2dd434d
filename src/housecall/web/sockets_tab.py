"""Who holds a place: one socket of one tab.

A tab that comes back may be here before its old connection is known to be lost. The old one's end must not
count as the tab's, so each socket holds the place under a name of its own, in which the tab can be told.
"""

import secrets


def holder_of(tab: str) -> str:
    """A name for this socket of the tab, unlike that of any other."""
    return f"{tab} {secrets.token_hex(4)}"


def is_of_tab(holder: str | None, other: str) -> bool:
    """Whether both sockets are the same tab's; what holds a place without a name of that form is a tab itself."""
    return holder is not None and holder.rsplit(" ", 1)[0] == other.rsplit(" ", 1)[0]
