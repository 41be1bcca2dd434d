"""What every act on a visit needs, besides the unit of work."""

from dataclasses import dataclass, field

from housecall.kit.clock import Clock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import MeetingBackend
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.meetings import MeetingServices, NoServices


@dataclass(frozen=True)
class Desk:
    """The tools on the desk: time, fan-out, secrets, the EHRs, the meeting service; no state of its own."""

    clock: Clock
    hub: Hub
    sealer: Sealer
    ehr: EhrDirectory
    public_url: str
    # Rooms of our own, and the other services that connections may have chosen.
    meetings: MeetingBackend
    services: MeetingServices = field(default_factory=NoServices)
