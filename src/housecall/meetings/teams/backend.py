"""Microsoft Teams as a meeting service: meetings made through Graph, joined in Teams."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from housecall.kit.clock import Clock
from housecall.meetings.base import (
    HELD_ELSEWHERE,
    Attendance,
    Following,
    JoinDetails,
    MadeMeeting,
    MeetingPlan,
    RosterEvent,
    StreamQuality,
)
from housecall.meetings.errors import (
    LicenceMissing,
    MeetingNotThere,
    MeetingRefused,
    MeetingUnavailable,
    PermissionMissing,
)
from housecall.meetings.teams import bodies
from housecall.meetings.teams.certificate import Certificate, read_certificate
from housecall.meetings.teams.clouds import app_address, check_address, cloud_named, refuse_unfit
from housecall.meetings.teams.graph import GraphClient, Json, fault_of
from housecall.meetings.teams.notices import NoticeReader
from housecall.meetings.teams.reading import read_attendance, read_streams, read_time
from housecall.meetings.teams.sign_in import GraphSignIn

TEAMS: Final = "teams"
CAPABILITIES: Final = replace(HELD_ELSEWHERE, hides_addresses=True, most_people=300)
# A call record is looked for around the instant the attendance report gives.
_AROUND: Final = timedelta(minutes=5)
_WHOLE_RECORD: Final = {"$expand": "sessions($expand=segments)"}


@dataclass(frozen=True)
class TeamsAccount:
    """How we are known to one tenant."""

    tenant: str
    client_id: str
    pem: str = field(repr=False)
    cloud: str = "global"
    # A key that signs in no more, or not yet; Graph may still encrypt for it.
    other_pem: str | None = field(default=None, repr=False)


class TeamsMeetings:
    """One app in one tenant."""

    name = TEAMS
    capabilities = CAPABILITIES

    def __init__(self, account: TeamsAccount, clock: Clock, *, stand_in: str = "") -> None:
        self.cloud = cloud_named(account.cloud, stand_in=stand_in)
        self.certificate: Certificate = read_certificate(account.pem)
        keys = [self.certificate, *([read_certificate(account.other_pem)] if account.other_pem else [])]
        known: dict[str, Any] = {
            "tenant": account.tenant,
            "client_id": account.client_id,
            "cloud": self.cloud,
        }
        self.account = account
        self.graph = GraphClient(GraphSignIn(**known, certificate=self.certificate), self.cloud, clock)
        self._notices = NoticeReader(**known, keys=keys, clock=clock)

    async def join_details(self, participant_id: str) -> JoinDetails:
        raise MeetingRefused("Teams meetings open on Teams' own pages.")

    async def ensure(self, plan: MeetingPlan, known: MadeMeeting | None = None) -> MadeMeeting:
        refuse_unfit(self.cloud.name)
        user = _user(plan.organiser)
        found = await self._settle(user, known.id, plan) if known is not None else None
        if found is None:
            answer = await self.graph.ask("POST", f"{user}/createOrGet", body=bodies.create_or_get(plan))
            # Just made it may not be seen yet: then this raises MeetingNotThere, and the next try gets it.
            found = await self.graph.ask("PATCH", f"{user}/{_id(answer)}", body=bodies.settings(plan))
            found = answer | found
        return await self._made(plan, found, known)

    async def _settle(self, user: str, meeting_id: str, plan: MeetingPlan) -> Json | None:
        path = f"{user}/{quote(meeting_id, safe='')}"
        try:
            return await self.graph.ask("PATCH", path, body=bodies.settings(plan))
        except MeetingNotThere:
            return None

    async def _made(self, plan: MeetingPlan, found: Json, known: MadeMeeting | None) -> MadeMeeting:
        join_url = check_address(self.cloud, str(found.get("joinWebUrl", "")))
        meeting_id = str(found["id"])
        if known is not None and known.id == meeting_id and known.is_browser_only:
            return known
        guest_url = await self._guest_url(plan.organiser, meeting_id)
        return MadeMeeting(
            id=meeting_id,
            organiser=plan.organiser,
            staff_url=join_url,
            app_url=app_address(join_url),
            guest_url=guest_url or join_url,
            is_browser_only=guest_url is not None,
        )

    async def _guest_url(self, organiser: str, meeting_id: str) -> str | None:
        """The address that never speaks of the app; None where cloud, licence or permission lack it."""
        if not self.cloud.has_guest_links:
            return None
        path = f"{_user(organiser)}/{quote(meeting_id, safe='')}/getVirtualAppointmentJoinWebUrl"
        try:
            answer = await self.graph.ask("GET", path)
        except (PermissionMissing, LicenceMissing):
            return None
        return check_address(self.cloud, str(answer.get("value", "")))

    async def remove(self, made: MadeMeeting) -> None:
        try:
            await self.graph.ask("DELETE", _path(made))
        except MeetingNotThere:
            return

    async def find_person(self, email: str) -> str | None:
        answer = await self.graph.ask("POST", "/$batch", body=bodies.person_by_mail(email))
        replies = answer.get("responses") or [{}]
        status, body = int(replies[0].get("status", 500)), replies[0].get("body") or {}
        if status in (429, 503):
            raise MeetingUnavailable
        if status != 200:
            raise fault_of(status, b"")
        found = [str(user["id"]) for user in body.get("value", [])]
        # Two of the same address would be a guess about whose meeting it is.
        return found[0] if len(found) == 1 else None

    async def follow(self, made: MadeMeeting, *, until: datetime, hook: str, secret: str) -> Following:
        body = bodies.call_events(
            made,
            hook=hook,
            secret=secret,
            until=until,
            certificate=self.certificate.der_base64,
            name=self.certificate.thumbprint,
        )
        answer = await self.graph.ask("POST", "/subscriptions", body=body, version="beta")
        return _following(answer, until)

    async def go_on_following(self, following: Following, *, until: datetime) -> Following:
        path = f"/subscriptions/{quote(following.id, safe='')}"
        answer = await self.graph.ask("PATCH", path, body=bodies.renewal(until), version="beta")
        return _following(answer, until)

    async def stop_following(self, following: Following) -> None:
        """Graph tells no more; what has ended already is no fault."""
        try:
            await self.graph.ask("DELETE", f"/subscriptions/{quote(following.id, safe='')}", version="beta")
        except MeetingNotThere:
            return

    async def read_notice(self, item: Json, proofs: list[str]) -> RosterEvent | None:
        """What a notification for this app says; None of a kind we do not know. Raises NoticeForged."""
        return await self._notices.read(item, proofs)

    async def attendance(self, made: MadeMeeting) -> Sequence[Attendance]:
        path = f"{_path(made)}/attendanceReports"
        found = []
        async for report in self.graph.pages(path):
            whole = {"$expand": "attendanceRecords"}
            one = await self.graph.ask("GET", f"{path}/{quote(str(report['id']), safe='')}", query=whole)
            held = read_attendance(one)
            found += [held] if held is not None else []
        return sorted(found, key=lambda held: held.began)

    async def quality(self, made: MadeMeeting, *, began: datetime) -> Sequence[StreamQuality] | None:
        since, until = bodies.stamp(began - _AROUND), bodies.stamp(began + _AROUND)
        query = {"$filter": f"startDateTime ge {since} and startDateTime lt {until}"}
        async for record in self.graph.pages("/communications/callRecords", query=query):
            if record.get("joinWebUrl") == made.staff_url:
                path = f"/communications/callRecords/{quote(str(record['id']), safe='')}"
                return read_streams(await self.graph.ask("GET", path, query=_WHOLE_RECORD))
        return None

    async def close(self) -> None:
        await self.graph.close()


def _user(organiser: str) -> str:
    return f"/users/{quote(organiser, safe='')}/onlineMeetings"


def _path(made: MadeMeeting) -> str:
    return f"{_user(made.organiser)}/{quote(made.id, safe='')}"


def _id(answer: Json) -> str:
    return quote(str(answer["id"]), safe="")


def _following(answer: Json, until: datetime) -> Following:
    return Following(str(answer["id"]), read_time(answer.get("expirationDateTime")) or until)
