"""Values of the organisations' side: environments, connection states, roles."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from housecall.tenancy.errors import IllegalConnectionMove

# No vendor publishes a limit. 2,400 a minute is what one worker reads while it sends 500 reminders a second.
DEFAULT_REQUESTS_PER_MIN: Final = 2400


class Environment(StrEnum):
    """What a connection is for."""

    test = "test"
    production = "production"


class ConnectionState(StrEnum):
    """How far a connection has come."""

    draft = "draft"
    validated = "validated"
    tested = "tested"
    live = "live"
    paused = "paused"


class Protection(StrEnum):
    """Whether people in a call learn each other's network address; said when a connection goes live."""

    relay = "relay"
    service = "service"
    overridden = "overridden"
    off = "off"


class Role(StrEnum):
    """What a person of the organisation may do in the portal."""

    administrator = "administrator"
    reader = "reader"
    auditor = "auditor"
    clinician = "clinician"


class Right(StrEnum):
    """Something that a role opens in the portal; every route of the portal asks for one."""

    use_portal = "use_portal"
    administer = "administer"
    read_reports = "read_reports"
    read_audit = "read_audit"
    hold_visits = "hold_visits"
    invite_guests = "invite_guests"


# Who may what: the one table that guards, navigation and the reference page are made from.
ROLES_WITH: Final[Mapping[Right, tuple[Role, ...]]] = {
    Right.use_portal: (Role.administrator, Role.reader, Role.auditor, Role.clinician),
    Right.administer: (Role.administrator,),
    Right.read_reports: (Role.administrator, Role.reader),
    Right.read_audit: (Role.administrator, Role.auditor),
    Right.hold_visits: (Role.clinician,),
    Right.invite_guests: (Role.administrator, Role.clinician),
}


class Channels(StrEnum):
    """What carries a connection's messages to patients."""

    text = "text"
    email = "email"
    both = "both"
    # E-mail to those alone who cannot be texted for want of a mobile number, or wish it so in the EHR.
    text_else_email = "text-else-email"


MOVES: Final = {
    (ConnectionState.draft, "validate"): ConnectionState.validated,
    (ConnectionState.validated, "validate"): ConnectionState.validated,
    (ConnectionState.validated, "test"): ConnectionState.tested,
    (ConnectionState.tested, "test"): ConnectionState.tested,
    (ConnectionState.tested, "go_live"): ConnectionState.live,
    (ConnectionState.validated, "override"): ConnectionState.live,
    (ConnectionState.validated, "pause"): ConnectionState.paused,
    (ConnectionState.tested, "pause"): ConnectionState.paused,
    (ConnectionState.live, "pause"): ConnectionState.paused,
    (ConnectionState.paused, "resume"): ConnectionState.live,
}

# A test connection works as soon as its address is validated; a production one only when live.
WORKING: Final = {
    Environment.test: {ConnectionState.validated, ConnectionState.tested, ConnectionState.live},
    Environment.production: {ConnectionState.live},
}


def move(state: ConnectionState, verb: str) -> ConnectionState:
    """The state after ``verb``; raises IllegalConnectionMove naming both."""
    try:
        return MOVES[state, verb]
    except KeyError:
        raise IllegalConnectionMove(
            f"A connection that is {state} cannot {verb.replace('_', ' ')}."
        ) from None
