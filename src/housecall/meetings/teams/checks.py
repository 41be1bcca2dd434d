"""Whether a tenant is ready for us, tried live: each prerequisite by doing what it is for, and how to mend it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from housecall.kit.findings import Finding, Level
from housecall.kit.ids import short_id
from housecall.meetings.base import MadeMeeting, MeetingPlan
from housecall.meetings.errors import (
    LicenceMissing,
    MeetingError,
    MeetingUnavailable,
    PermissionMissing,
    PolicyMissing,
)
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.clouds import Cloud

POLICY_NAME: Final = "Housecall"
# Application permissions of Microsoft Graph, and what each is for.
_GUEST_LINK: Final = "VirtualAppointment.Read.All"
_PERMISSIONS: Final = (
    ("OnlineMeetings.ReadWrite.All", "A meeting for each visit, and who is in it"),
    ("OnlineMeetingArtifact.Read.All", "Attendance, after the visit"),
    ("CallRecords.Read.All", "Call quality, after the visit"),
    ("User.Read.All", "Clinicians by the address that the EHR has, and their licences"),
    (_GUEST_LINK, "The patient’s link that never offers the app"),
)
# Source: Graph's list of service plans; a user with it may hold Teams meetings.
_TEAMS_PLAN: Final = "TEAMS1"
# Nobody has it: the directory is asked, and nobody's address is.
_NOBODY: Final = "housecall-check@invalid.example"
_PROBE: Final = timedelta(minutes=15)
_SOON: Final = timedelta(days=30)


def permissions_for(cloud: Cloud) -> list[tuple[str, str]]:
    """The permissions that the app needs in this cloud, each with what it is for."""
    return [(name, why) for name, why in _PERMISSIONS if name != _GUEST_LINK or cloud.has_guest_links]


def policy_commands(client_id: str, organiser: str | None, *, cloud: Cloud) -> str:
    """What a Teams administrator types to let the app make meetings for one organiser, or for all."""
    whom = f'-Identity "{organiser}"' if organiser else "-Global"
    where = f" -TeamsEnvironmentName {cloud.powershell}" if cloud.powershell else ""
    return "\n".join(
        (
            f"Connect-MicrosoftTeams{where}",
            f'New-CsApplicationAccessPolicy -Identity {POLICY_NAME} -AppIds "{client_id}"',
            f"Grant-CsApplicationAccessPolicy -PolicyName {POLICY_NAME} {whom}",
        )
    )


async def check_teams(
    teams: TeamsMeetings, *, organiser: str, now: datetime, hook: str | None = None
) -> list[Finding]:
    """Every prerequisite of Teams for this organiser; with ``hook``, also whether Graph reaches us there.

    A meeting is made for it and removed. What cannot be tried because something before it failed is left out.
    """
    found = [_certificate(teams, now)]
    signed_in = await _tried(_sign_in(teams))
    found.append(signed_in)
    if signed_in.level is Level.fail:
        return found
    found.append(await _tried(_licence(teams, organiser)))
    found.append(await _tried(_directory(teams)))
    found.append(await _tried(_records(teams, now)))
    meeting, made = await _meeting(teams, organiser, now)
    found.append(meeting)
    if made is None:
        return found
    found.append(_guest_link(teams.cloud, made))
    found.append(await _tried(_attendance(teams, made)))
    if hook:
        found.append(await _tried(_notifications(teams, made, hook, now)))
    await teams.remove(made)
    return found


Try = tuple[str, Callable[[], Awaitable[Finding]], str]


async def _tried(attempt: Try) -> Finding:
    code, act, permission = attempt
    try:
        return await act()
    except PermissionMissing:
        return Finding(
            code,
            Level.fail,
            f"The app may not do this: {permission} is missing.",
            f"In the Entra admin center, under the app's API permissions, add the application permission "
            f"{permission} of Microsoft Graph and press Grant admin consent.",
        )
    except MeetingUnavailable as fault:
        return Finding(code, Level.fail, fault.sentence, "Try again in a few minutes.")
    except MeetingError as fault:
        return Finding(code, Level.fail, fault.sentence)


def _certificate(teams: TeamsMeetings, now: datetime) -> Finding:
    code, ends = "teams.certificate", teams.certificate.ends_at
    mend = "Make another with housecall teams certificate, and upload it to the app registration."
    if ends <= now:
        return Finding(code, Level.fail, f"The app's certificate ended on {ends:%Y-%m-%d}.", mend)
    if ends <= now + _SOON:
        return Finding(code, Level.warn, f"The app's certificate ends on {ends:%Y-%m-%d}.", mend)
    return Finding(code, Level.ok, f"The app's certificate holds until {ends:%Y-%m-%d}.")


def _sign_in(teams: TeamsMeetings) -> Try:
    async def act() -> Finding:
        await teams.graph.sign_in.token(fresh=True)
        return Finding("teams.sign_in", Level.ok, "Microsoft knows the app by its certificate.")

    return "teams.sign_in", act, ""


def _licence(teams: TeamsMeetings, organiser: str) -> Try:
    code = "teams.licence"

    async def act() -> Finding:
        path = f"/users/{quote(organiser, safe='')}/licenseDetails"
        plans = {
            str(plan.get("servicePlanName"))
            async for licence in teams.graph.pages(path)
            for plan in licence.get("servicePlans", [])
            if plan.get("provisioningStatus") == "Success"
        }
        if _TEAMS_PLAN in plans:
            return Finding(code, Level.ok, "The organiser is licensed for Teams meetings.")
        return Finding(
            code,
            Level.fail,
            "The organiser has no licence for Teams meetings.",
            "In the Microsoft 365 admin center, give the organiser a licence that holds Microsoft Teams.",
        )

    return code, act, "User.Read.All"


def _directory(teams: TeamsMeetings) -> Try:
    async def act() -> Finding:
        await teams.find_person(_NOBODY)
        return Finding(
            "teams.directory", Level.ok, "Clinicians can be found in the directory by their address."
        )

    return "teams.directory", act, "User.Read.All"


def _records(teams: TeamsMeetings, now: datetime) -> Try:
    async def act() -> Finding:
        nobody = MadeMeeting("none", "none", "none", "", "")
        await teams.quality(nobody, began=now - timedelta(minutes=10))
        return Finding("teams.call_records", Level.ok, "Call records can be read for call quality.")

    return "teams.call_records", act, "CallRecords.Read.All"


async def _meeting(teams: TeamsMeetings, organiser: str, now: datetime) -> tuple[Finding, MadeMeeting | None]:
    code, plan = "teams.meeting", MeetingPlan(short_id("check"), organiser, now, now + _PROBE)
    made: list[MadeMeeting] = []

    async def act() -> Finding:
        made.append(await teams.ensure(plan))
        return Finding(
            code, Level.ok, "A meeting was made for the organiser, with its lobby set, and removed."
        )

    finding = await _tried((code, act, "OnlineMeetings.ReadWrite.All"))
    if finding.sentence == PolicyMissing().sentence:
        commands = policy_commands(teams.account.client_id, organiser, cloud=teams.cloud)
        mend = f"A Teams administrator types in PowerShell, then waits up to 30 minutes:\n{commands}"
        finding = Finding(code, Level.fail, finding.sentence, mend)
    if finding.sentence == LicenceMissing().sentence:
        finding = Finding(
            code, Level.fail, finding.sentence, "Give the organiser a licence that holds Teams."
        )
    return finding, made[0] if made else None


def _guest_link(cloud: Cloud, made: MadeMeeting) -> Finding:
    code = "teams.guest_link"
    if not cloud.has_guest_links:
        sentence = (
            "Patients get the common join link, which is the only one in this cloud; our page says which way"
        )
        return Finding(code, Level.ok, f"{sentence} is the browser.")
    if made.is_browser_only:
        return Finding(
            code, Level.ok, "Patients get the link that opens in the browser and never asks for the app."
        )
    return Finding(
        code,
        Level.warn,
        "Patients get the common join link: Teams offers the app there before the browser.",
        f"Grant the application permission {_GUEST_LINK}; some tenants also need Teams Premium.",
    )


def _attendance(teams: TeamsMeetings, made: MadeMeeting) -> Try:
    async def act() -> Finding:
        await teams.attendance(made)
        return Finding("teams.attendance", Level.ok, "Attendance reports can be read.")

    return "teams.attendance", act, "OnlineMeetingArtifact.Read.All"


def _notifications(teams: TeamsMeetings, made: MadeMeeting, hook: str, now: datetime) -> Try:
    async def act() -> Finding:
        following = await teams.follow(made, until=now + _PROBE, hook=hook, secret=short_id("s"))
        await teams.stop_following(following)
        return Finding(
            "teams.notifications", Level.ok, "Graph reaches this server and tells who is in a meeting."
        )

    return "teams.notifications", act, "OnlineMeetings.ReadWrite.All"
