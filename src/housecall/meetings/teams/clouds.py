"""Microsoft's clouds: where each signs in, where its Graph is, where its Teams is."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from housecall.meetings.errors import CloudUnfit, MeetingRefused

_LOGIN: Final = "https://login.microsoftonline.com"


@dataclass(frozen=True)
class Cloud:
    """One of them. ``stand_in`` is where a make-believe one listens instead."""

    name: str
    login: str
    graph: str
    teams_hosts: tuple[str, ...]
    # What Teams' administrators tell PowerShell to reach it; the global one needs no word.
    powershell: str = ""
    # Source: Graph's pages on each call. Meetings, attendance and call records are there in the global and the US
    # government clouds, the guest's link in the global one only.
    has_guest_links: bool = False
    # Why no visit can be held there, in one sentence.
    unfit_because: str = ""
    stand_in: str = ""

    @property
    def graph_base(self) -> str:
        """The address Graph's paths begin with, without version."""
        return f"{self.stand_in}/graph" if self.stand_in else self.graph

    @property
    def login_base(self) -> str:
        """Where requests to the sign-in service go."""
        return f"{self.stand_in}/login" if self.stand_in else self.login

    @property
    def scope(self) -> str:
        """What a token is asked for: all that the app was granted."""
        return f"{self.graph}/.default"


CLOUDS: Final = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            _LOGIN,
            "https://graph.microsoft.com",
            ("teams.microsoft.com", "visit.teams.microsoft.com"),
            has_guest_links=True,
        ),
        # GCC is a part of the global cloud; GCC High and DoD are clouds of their own.
        Cloud(
            "usgov-high",
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us",
            ("gov.teams.microsoft.us",),
            powershell="TeamsGCCH",
        ),
        Cloud(
            "usgov-dod",
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us",
            ("dod.teams.microsoft.us",),
            powershell="TeamsDOD",
        ),
        Cloud(
            "china",
            "https://login.chinacloudapi.cn",
            "https://microsoftgraph.chinacloudapi.cn",
            ("teams.microsoftonline.cn",),
            powershell="TeamsChina",
            unfit_because="Microsoft’s cloud in China does not make meetings for apps: "
            "hold visits in rooms of Housecall’s own.",
        ),
    )
}


def cloud_named(name: str, *, stand_in: str = "") -> Cloud:
    """The cloud; ``stand_in`` takes its place in demo and tests."""
    return replace(CLOUDS[name], stand_in=stand_in.rstrip("/"))


def refuse_unfit(name: str) -> None:
    """Nothing where visits can be held in that cloud; else raises CloudUnfit with the reason."""
    if CLOUDS[name].unfit_because:
        raise CloudUnfit(CLOUDS[name].unfit_because)


def check_address(cloud: Cloud, url: str) -> str:
    """The address, if it leads to this cloud's Teams; people are sent nowhere else. Raises MeetingRefused."""
    parts = urlsplit(url)
    is_ours = parts.scheme == "https" and parts.hostname in cloud.teams_hosts and parts.port in (None, 443)
    if not is_ours and not (cloud.stand_in and url.startswith(f"{cloud.stand_in}/teams/")):
        raise MeetingRefused("Graph gave an address that does not lead to Teams; nobody is sent there.")
    return url


def app_address(url: str) -> str:
    """The same meeting under the desktop app's own scheme.

    Source: Microsoft's page on deep links: ``msteams:`` in place of the web client's host.
    """
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"msteams:{parts.path.removeprefix('/teams')}{query}"
