"""What every act on a visit needs, besides the unit of work."""

from dataclasses import dataclass

from housecall.kit.clock import Clock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import MeetingBackend
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory


@dataclass(frozen=True)
class Desk:
    """The tools on the desk: time, fan-out, secrets, the EHRs, the meeting service; no state of its own."""

    clock: Clock
    hub: Hub
    sealer: Sealer
    ehr: EhrDirectory
    public_url: str
    meetings: MeetingBackend
