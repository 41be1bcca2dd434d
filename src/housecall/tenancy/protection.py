"""Whether calls hide people's network addresses: what is asked before a connection goes live."""

from dataclasses import dataclass

from housecall.meetings.base import MeetingBackend
from housecall.meetings.relay import RelayFinding, probe_meetings
from housecall.tenancy.model import Protection


@dataclass(frozen=True)
class Standing:
    """What was found, now; the findings are one for each address of the relay."""

    protection: Protection
    findings: tuple[RelayFinding, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What is wrong with the relay, for whoever runs it; a relay may work at one address and not at another."""
        return [f"{one.url} {one.sentence}".strip() for one in self.findings if not one.works]

    @property
    def refusal(self) -> str:
        """Why nothing goes live like this, and what can be done."""
        first = next((one.sentence for one in self.findings if not one.works), "")
        return (
            f"Patients' browsers would learn clinicians' network addresses. {first} Mend the relay, or use "
            "--without-relay, which is recorded."
        )


async def stand_of(meetings: MeetingBackend, *, ca_file: str = "", override: bool = False) -> Standing:
    """How addresses are protected with this meeting service; asks the relay, so call it outside of a unit of work."""
    if not meetings.capabilities.connects_browsers:
        return Standing(Protection.service)
    findings = tuple(await probe_meetings(meetings, ca_file=ca_file))
    if any(one.works for one in findings):
        return Standing(Protection.relay, findings)
    return Standing(Protection.overridden if override else Protection.off, findings)
