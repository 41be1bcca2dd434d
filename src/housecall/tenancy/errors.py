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
    ├── BudgetTooSmall
    ├── QuietHoursInvalid
    ├── ReminderInvalid
    ├── ConnectionDouble
    ├── NotValidated
    ├── ReasonMissing
    ├── InviteDead
    ├── SettingInvalidHere
    ├── LogoRefused
    ├── ColourRefused
    ├── TextRefused
    ├── RuleInvalid
    ├── DepartmentUnknown
    ├── DepartmentRefused
    └── SignInError
        ├── SignInFailed
        ├── SignInStopped
        ├── RoleMissing
        ├── ProviderSilent
        ├── ProviderAddressRefused
        ├── ProviderNotFound
        ├── ProviderIssuerOther
        ├── ProviderLacking
        ├── ClientRefused
        ├── CodeRefused
        └── TokenInvalid
"""

from collections.abc import Mapping
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


class ConnectionDouble(TenancyError):
    """This address is connected already in this environment."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.connection_double"


class NotValidated(TenancyError):
    """Validate the address first, and mend what fails."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tenancy.not_validated"


class ReasonMissing(TenancyError):
    """Without a test launch, say why the connection goes live all the same: the reason stays on record."""

    code: ClassVar[str] = "tenancy.reason_missing"


class InviteDead(TenancyError):
    """This invitation has been used, or is older than a day."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "tenancy.invite_dead"
    way_on: ClassVar[str] = "Whoever installed Housecall makes a new one: housecall admin invite."


class SettingInvalidHere(TenancyError):
    """This value cannot be saved."""

    code: ClassVar[str] = "tenancy.setting_invalid"


class LogoRefused(TenancyError):
    """This picture cannot be shown to patients."""

    code: ClassVar[str] = "tenancy.logo_refused"


class ColourRefused(TenancyError):
    """Text in this colour is hard to read."""

    code: ClassVar[str] = "tenancy.colour_refused"


class TextRefused(TenancyError):
    """This text is too long for a patient's page."""

    code: ClassVar[str] = "tenancy.text_refused"


class RuleInvalid(TenancyError):
    """A rule for a role has one line of the form: claim = value."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.rule_invalid"


class SignInError(TenancyError):
    """Root of what can go wrong between us and an organisation's sign-in; ``way_on`` says how to mend it."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "tenancy.sign_in"
    way_on: ClassVar[str] = "Try again from the portal's first page."
    link: tuple[str, str] = ("/portal", "To the portal's first page")


class SignInFailed(SignInError):
    """Signing in did not work. Try again from the portal's first page."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "web.sign_in_failed"


class SignInStopped(SignInError):
    """Your organisation's sign-in broke off."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "tenancy.sign_in_stopped"
    way_on: ClassVar[str] = (
        "If you did not stop it yourself, ask whoever manages your accounts whether you may use Housecall."
    )


class RoleMissing(SignInError):
    """Your account has no role in Housecall. Ask for the role administrator, reader or auditor."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "web.role_missing"
    way_on: ClassVar[str] = "Roles are given out where your organisation's accounts are managed."


class ProviderSilent(SignInError):
    """Your organisation's sign-in service does not answer."""

    code: ClassVar[str] = "web.sign_in_provider_silent"
    way_on: ClassVar[str] = "Try again in a minute. If it goes on, check that this server may reach it."


class ProviderAddressRefused(SignInError):
    """Housecall may not call this address."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.provider_address_refused"
    way_on: ClassVar[str] = (
        "It must begin with https://. If it is inside your network, add that network to"
        " HOUSECALL_ALLOW_PRIVATE_ADDRESSES; if its certificate is your own, set HOUSECALL_CA_FILE."
    )


class ProviderNotFound(SignInError):
    """There is no OpenID Connect provider at this address."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.provider_not_found"
    way_on: ClassVar[str] = (
        "Give the issuer, the address to which /.well-known/openid-configuration can be added."
        " For Entra ID that is https://login.microsoftonline.com/TENANT-ID/v2.0."
    )


class ProviderIssuerOther(SignInError):
    """The provider at this address calls itself by another one."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.provider_issuer_other"
    way_on: ClassVar[str] = "Give the issuer exactly as the provider writes it."


class ProviderLacking(SignInError):
    """The provider lacks something that signing in needs."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "tenancy.provider_lacking"
    way_on: ClassVar[str] = "Ask its makers, or choose another way of signing in there."


class ClientRefused(SignInError):
    """The provider does not accept our client id with this secret."""

    code: ClassVar[str] = "tenancy.client_refused"
    way_on: ClassVar[str] = (
        "Check the client id, make a new client secret at the provider (they run out), and enter its value here,"
        " not its id."
    )


class CodeRefused(SignInError):
    """The provider did not accept its own code back."""

    code: ClassVar[str] = "tenancy.code_refused"
    way_on: ClassVar[str] = (
        "Check that the redirect address registered there is exactly ours, then sign in again:"
        " a code works once, and for a minute."
    )


class TokenInvalid(SignInError):
    """The provider's statement about who signed in cannot be believed."""

    code: ClassVar[str] = "tenancy.identity_invalid"
    way_on: ClassVar[str] = (
        "Check the client id, and that the clocks of both servers are set by a time service."
    )


class BudgetTooSmall(TenancyError):
    """A budget of fewer than 30 requests a minute would keep texts waiting for ever."""

    code: ClassVar[str] = "tenancy.budget_too_small"


class DepartmentUnknown(TenancyError):
    """There is no such department, or it was archived."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "tenancy.department_unknown"


class DepartmentRefused(TenancyError):
    """This department cannot be saved so; each fault says why."""

    code: ClassVar[str] = "tenancy.department_refused"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)
