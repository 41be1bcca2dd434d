"""What Graph says of meetings, attendance and calls, read into the port's values; names are not taken over."""

import re
from collections.abc import Iterable
from datetime import datetime
from statistics import fmean
from typing import Any, Final

from housecall.meetings.base import (
    Attendance,
    Attendee,
    MediaKind,
    RosterEvent,
    RosterKind,
    Side,
    Stay,
    StreamQuality,
)

Json = dict[str, Any]
# Source: Graph's page on meeting call events. A kind we do not know changes nothing.
KINDS: Final = {
    "callStarted": RosterKind.began,
    "callEnded": RosterKind.ended,
    "rosterUpdated": RosterKind.changed,
}
_STAFF_ROLES: Final = frozenset({"Organizer", "Presenter", "Coorganizer", "Producer"})
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
# Graph's labels of media; an unknown one is left out.
_LABELS: Final = {
    "main-audio": MediaKind.audio,
    "main-video": MediaKind.video,
    "applicationsharing-video": MediaKind.screen,
}


def read_event(content: Json) -> RosterEvent | None:
    """The event, or None of a kind we do not know."""
    kind = KINDS.get(str(content.get("eventType")))
    at = read_time(content.get("eventDateTime"))
    if kind is None or at is None:
        return None
    people = tuple(_attendee(each) for each in content.get("participants@delta", []))
    return RosterEvent(kind, at, people)


def _attendee(said: Json) -> Attendee:
    identity = said.get("info", {}).get("identity", {})
    return Attendee(
        key=str(said.get("id", "")),
        user=(identity.get("user") or {}).get("id"),
        is_in_lobby=bool(said.get("isInLobby")),
        is_gone=bool(said.get("removedState")),
    )


def read_attendance(report: Json) -> Attendance | None:
    """Who was there and when; None of a report that lacks its own times."""
    began, ended = read_time(report.get("meetingStartDateTime")), read_time(report.get("meetingEndDateTime"))
    if began is None or ended is None:
        return None
    stays = [stay for record in report.get("attendanceRecords", []) for stay in _stays(record)]
    return Attendance(began, ended, tuple(sorted(stays, key=lambda stay: stay.joined)))


def _stays(record: Json) -> Iterable[Stay]:
    is_staff = record.get("role") in _STAFF_ROLES
    user = (record.get("identity") or {}).get("id") if is_staff else None
    for interval in record.get("attendanceIntervals", []):
        joined, left = read_time(interval.get("joinDateTime")), read_time(interval.get("leaveDateTime"))
        if joined is not None and left is not None:
            yield Stay(user, joined, left)


def read_streams(record: Json) -> list[StreamQuality]:
    """For each side and kind of media what was measured, averaged over its streams."""
    found: dict[tuple[Side, MediaKind], list[Json]] = {}
    for session in record.get("sessions", []):
        side = Side.staff if _is_colleague(session.get("caller") or {}) else Side.guest
        for segment in session.get("segments", []):
            for media in segment.get("media", []):
                kind = _LABELS.get(str(media.get("label")))
                if kind is not None:
                    found.setdefault((side, kind), []).extend(media.get("streams", []))
    return [_stream(side, kind, streams) for (side, kind), streams in sorted(found.items())]


def _is_colleague(endpoint: Json) -> bool:
    """Graph says who it was in an older or a newer way; in the newer only who is in a directory has a sign-in name."""
    user = (endpoint.get("identity") or {}).get("user") or {}
    return bool(user.get("id") or (endpoint.get("associatedIdentity") or {}).get("userPrincipalName"))


def _stream(side: Side, kind: MediaKind, streams: list[Json]) -> StreamQuality:
    return StreamQuality(
        side=side,
        kind=kind,
        rtt_ms=_mean(streams, "averageRoundTripTime", 1000),
        jitter_ms=_mean(streams, "averageJitter", 1000),
        loss_pct=_mean(streams, "averagePacketLossRate", 100),
        bitrate_kbps=_mean(streams, "averageBandwidthEstimate", 0.001),
        degradation_mos=_mean(streams, "averageAudioDegradation"),
        concealed_pct=_mean(streams, "averageRatioOfConcealedSamples", 100),
        frames_per_s=_mean(streams, "averageVideoFrameRate"),
        # Graph's own unit is percent here, and a share of one everywhere else.
        frame_loss_pct=_mean(streams, "averageVideoFrameLossPercentage"),
        loss_after_repair_pct=_mean(streams, "postForwardErrorCorrectionPacketLossRate", 100),
        freeze_ms=_mean(streams, "averageFreezeDuration", 1000),
    )


def _mean(streams: list[Json], name: str, times: float = 1) -> float | None:
    values = [_number(stream[name]) for stream in streams if stream.get(name) is not None]
    known = [value for value in values if value is not None]
    return round(fmean(known) * times, 3) if known else None


def _number(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    match = _DURATION.fullmatch(str(value))
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def read_time(value: Any) -> datetime | None:
    """An Edm.DateTimeOffset; Graph writes seven digits of a second, which are cut to six."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
