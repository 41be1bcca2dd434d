"""Which time zone a patient lives in, as far as the record leaves one only.

A record that says it is believed. Else the home address counts where its state or country keeps one time; a place
that keeps several, such as Texas or Spain, tells nothing: a message then names the clinic's zone, which is never wrong.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from housecall.ehr.fields import Record, extensions, is_open, records, text

# States that keep one time throughout. Left out: those cut by a line, and Arizona, where the Navajo Nation differs.
_ONE_TIME: Final = {
    "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
    "America/Denver": "CO MT NM UT WY",
    "America/Los_Angeles": "CA WA",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
}
_ZONE_OF_STATE: Final = {state: zone for zone, states in _ONE_TIME.items() for state in states.split()}
_AMERICAN: Final = frozenset({"", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})
_EXTENSIONS: Final = ("timezone", "tz-code")


def time_zone_of(patient: Record, now: datetime) -> str | None:
    """The zone's IANA name; None where the record leaves several, or none."""
    homes = [
        home
        for home in records(patient.get("address"))
        if home.get("use") in (None, "home")
        and home.get("type") != "postal"
        and is_open(home.get("period"), now)
    ]
    said = [_said(patient), *map(_said, homes)]
    derived = map(_derived, homes)
    return next((zone for zone in (*said, *derived) if zone is not None), None)


def _said(record_: Record) -> str | None:
    values = (found for name in _EXTENSIONS for found in extensions(record_, name))
    return _known(text(value.get("valueCode") or value.get("valueString")) for value in values)


def _known(names: Iterable[str | None]) -> str | None:
    for name in names:
        try:
            if name:
                return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _derived(home: Record) -> str | None:
    country = (text(home.get("country")) or "").upper()
    if country in _AMERICAN:
        return _ZONE_OF_STATE.get((text(home.get("state")) or "").upper())
    zones = get_global("territory_zones").get(country, [])
    return str(zones[0]) if len(zones) == 1 else None
