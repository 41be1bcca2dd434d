"""The tenant: its directory, the app that may call Graph, what it allows, and what meetings there are."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from housecall.sandbox.people import Practitioner

TENANT_ID: Final = "5b0c7c1e-9f0a-4d53-8a65-0f7f3c1d2e10"
CLIENT_ID: Final = "b1f5a6d2-3c47-4c1b-9d7e-6a2f8e90c344"
SERVICE_ACCOUNT: Final = "8d3f1c52-6a7b-4e0f-9c21-77b0a4d6e9f1"
ALL_PERMISSIONS: Final = (
    "CallRecords.Read.All",
    "OnlineMeetingArtifact.Read.All",
    "OnlineMeetings.ReadWrite.All",
    "User.Read.All",
    "VirtualAppointment.Read.All",
)
TEAMS_PLAN: Final = "TEAMS1"
VIRTUAL_PLAN: Final = "MCO_VIRTUAL_APPT"
# Any fixed namespace will do: the same clinician has the same object id in every sandbox.
_PEOPLE: Final = uuid.UUID("6f1c0a0e-6a51-4d0e-9f7f-0d6b2a1c9f44")


@dataclass
class User:
    """Somebody in the directory."""

    id: str
    mail: str
    name: str
    plans: list[str] = field(default_factory=lambda: [TEAMS_PLAN, VIRTUAL_PLAN])


@dataclass
class Stay:
    """One time that a person was in the meeting, from when until when."""

    joined: datetime
    left: datetime | None = None


@dataclass
class Caller:
    """Somebody on the meeting's roster: in the lobby, in the call, or gone."""

    id: str
    name: str
    user_id: str | None
    in_lobby: bool
    stays: list[Stay] = field(default_factory=list)

    @property
    def is_in_call(self) -> bool:
        return bool(self.stays) and self.stays[-1].left is None


@dataclass
class Meeting:
    """An online meeting and, while it goes on, its call."""

    id: str
    organiser: str
    thread: str
    external_id: str | None
    made: datetime
    fields: dict[str, Any]
    callers: dict[str, Caller] = field(default_factory=dict)
    call_began: datetime | None = None

    @property
    def is_going_on(self) -> bool:
        return any(caller.is_in_call for caller in self.callers.values())


@dataclass
class Subscription:
    """Whom to tell of what, until when."""

    id: str
    fields: dict[str, Any]
    expires: datetime


@dataclass
class Switches:
    """How the tenant behaves now; everything is well unless told otherwise."""

    cloud: str = "global"  # which of Microsoft's clouds the tenant is in
    graph: str = "up"  # up, down (503), slow (eight seconds for each answer)
    throttle: int = 0  # so many requests are answered 429 before the next one is served
    retry_after_s: int = 1
    lag_s: float = 0.0  # a change can be seen this long after it was made
    policy: str = "global"  # global, none, users
    policy_users: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=lambda: list(ALL_PERMISSIONS))
    virtual_links: bool = True  # whether the tenant holds the licence for virtual appointment links
    notify: bool = True  # off: notifications are lost, and a ``missed`` comes once it is on again
    record_after_s: float = 0.0  # a call record can be read this long after the call
    quality: str = "good"  # good, poor: how the next call will have been


@dataclass
class Tenant:
    """Everything there is; kept over a restart."""

    users: dict[str, User] = field(default_factory=dict)
    certificates: list[str] = field(default_factory=list)  # PEM, the public half only
    meetings: dict[str, Meeting] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    reports: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by meeting, newest last
    records: dict[str, dict[str, Any]] = field(default_factory=dict)  # call records by id
    switches: Switches = field(default_factory=Switches)
    missed: list[str] = field(default_factory=list)  # subscriptions that lost a notification

    def staff(self, practitioners: list[Practitioner], service_mail: str) -> None:
        """Clinicians and the service account are in the directory; who is there already stays as they are."""
        for practitioner in practitioners:
            self.hire(practitioner)
        self.users.setdefault(SERVICE_ACCOUNT, User(SERVICE_ACCOUNT, service_mail, "Virtual care"))

    def hire(self, practitioner: Practitioner) -> None:
        """The clinician is in the directory, by the address they have at work."""
        user = User(object_id(practitioner.id), practitioner.email, practitioner.name)
        self.users.setdefault(user.id, user)

    def meeting_at(self, join_url: str) -> Meeting | None:
        """The meeting with that join address."""
        found = (each for each in self.meetings.values() if each.fields["joinWebUrl"] == join_url)
        return next(found, None)

    def meeting_on(self, thread: str) -> Meeting | None:
        """The meeting of that thread."""
        return next((each for each in self.meetings.values() if each.thread == thread), None)

    def shows(self, changed: datetime, now: datetime) -> bool:
        """Whether a change made then can be seen by now: the directory's machines agree after a while."""
        return changed + timedelta(seconds=self.switches.lag_s) <= now

    def allows(self, user_id: str) -> bool:
        """Whether an application access policy lets the app act for this user's meetings."""
        switches = self.switches
        return switches.policy == "global" or (
            switches.policy == "users" and user_id in switches.policy_users
        )


def object_id(practitioner_id: str) -> str:
    """The directory's object id of a clinician."""
    return str(uuid.uuid5(_PEOPLE, practitioner_id))


TENANT: Final = TypeAdapter(Tenant)
