"""What can be wrong with organisations and connections.

HousecallError
└── TenancyError
    ├── OrganisationUnknown
    ├── ConnectionUnknown
    ├── ConnectionAmbiguous
    ├── ConnectionNotWorking
    ├── RelayMissing
    ├── IllegalConnectionMove
    ├── EnvironmentMixed
    ├── RuleUnknown
    ├── QuietHoursInvalid
    └── ReminderInvalid
"""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class TenancyError(HousecallError):
    """Root of what can be wrong with organisations and connections."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.invalid"


class OrganisationUnknown(TenancyError):
    """There is no such organisation."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "tenancy.organisation_unknown"


class ConnectionUnknown(TenancyError):
    """This EHR address is not connected to Housecall."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "tenancy.connection_unknown"


class ConnectionAmbiguous(TenancyError):
    """Several connections have this EHR address; use the launch address that names one."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.connection_ambiguous"


class ConnectionNotWorking(TenancyError):
    """This connection is not switched on yet."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.connection_not_working"


class RelayMissing(TenancyError):
    """Without a working relay, patients' browsers learn clinicians' network addresses."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.relay_missing"


class IllegalConnectionMove(TenancyError):
    """The connection cannot do this in its present state."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.illegal_move"


class EnvironmentMixed(TenancyError):
    """A test address was used with a production connection, or the reverse."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.environment_mixed"


class RuleUnknown(TenancyError):
    """This is not a rule for what counts as a video visit."""

    code: ClassVar[str] = "tenancy.rule_unknown"


class QuietHoursInvalid(TenancyError):
    """Quiet hours go from one time of day to another, like 21:00-08:00; `off` is none."""

    code: ClassVar[str] = "tenancy.quiet_hours_invalid"


class ReminderInvalid(TenancyError):
    """A reminder leaves some minutes, hours or days before the visit, at most 30 days: 15m, 2h or 1d."""

    code: ClassVar[str] = "tenancy.reminder_invalid"
