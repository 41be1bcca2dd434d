"""A connection's form: what stands in its fields, what of it can be used, and what is wrong with the rest."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers

from housecall.ehr.base import ClientKind, Vendor, Writing
from housecall.ehr.registry import PROFILES
from housecall.kit.sealing import SealBroken, Sealer
from housecall.tenancy.connections import LEAST_MINUTES, checked_budget, checked_minutes
from housecall.tenancy.errors import TenancyError
from housecall.tenancy.model import Environment
from housecall.tenancy.service import ANY_NUMBER
from housecall.tenancy.setup import LISTED
from housecall.tenancy.tables import Connection

Typed = dict[str, str]

LABELS: Final = {
    "base_url": "FHIR base address",
    "environment": "Environment",
    "vendor": "Vendor",
    "client_kind": "How Housecall proves itself",
    "client_id": "Client id",
    "system_client_id": "System account's client id",
    "patient_base_url": "Patients' FHIR base address",
    "patient_client_id": "Patients' client id",
    "locations": "Locations",
    "practitioners": "Practitioners",
    "time_zone": "Time zone",
    "phone_region": "Country of phone numbers",
    "write_links": "Video links",
    "write_status": "Arrival",
    "write_presence": "Who is there",
    "frame_ancestors": "Who may frame the panel",
    "confirm_existing": "Confirm visits that are booked already",
    "lobby_opens_min": "Waiting room opens",
    "window_closes_min": "Link works until",
    "requests_per_min": "Requests a minute",
}
SECRETS: Final = ("client_secret", "system_client_secret", "patient_client_secret", LISTED)
ENVIRONMENTS: Final = [(Environment.test.value, "Test"), (Environment.production.value, "Production")]
VENDORS: Final = [
    ("", "Find out by the address"),
    *((profile.vendor, profile.title) for profile in PROFILES.values()),
]
KINDS: Final = [
    (ClientKind.symmetric.value, "By a secret"),
    (ClientKind.asymmetric.value, "By its published key set"),
    (ClientKind.public.value, "Not at all (public client)"),
]
_BOXES: Final = ("write_links", "write_status", "write_presence", "confirm_existing")
_TEXTS: Final = ("client_id", "system_client_id", "patient_base_url", "patient_client_id")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST: Final = 8000


@dataclass(frozen=True)
class Filled:
    """A form as it came: what was typed, and what it means."""

    typed: Typed
    version: int
    was: Typed
    """The fields as they were when the form was shown."""
    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    faults: dict[str, str] = field(default_factory=dict)


def typed_of(connection: Connection) -> Typed:
    """A connection's settings as its form shows them."""
    return {
        "base_url": connection.base_url,
        "environment": connection.environment,
        "vendor": connection.vendor,
        "client_kind": connection.client_kind,
        **{name: getattr(connection, name) or "" for name in _TEXTS},
        "locations": "\n".join(connection.locations),
        "practitioners": "\n".join(connection.practitioners),
        "time_zone": connection.time_zone,
        "phone_region": connection.phone_region,
        "write_links": _box(Writing.links in connection.write_back),
        "write_status": _box(Writing.status in connection.write_back),
        "write_presence": _box(Writing.presence in connection.write_back),
        "frame_ancestors": "\n".join(connection.frame_ancestors),
        "confirm_existing": _box(connection.confirm_existing),
        "lobby_opens_min": str(connection.lobby_opens_min),
        "window_closes_min": str(connection.window_closes_min),
        "requests_per_min": str(connection.requests_per_min),
    }


def shown_of(connection: Connection, typed: Mapping[str, str] | None) -> Typed:
    """The fields of the form now: a draft's as they were typed, with the vendor left open until somebody chooses."""
    shown = typed_of(connection)
    if connection.state == "draft":
        shown["vendor"] = ""
    return shown | {name: text for name, text in (typed or {}).items() if name in shown}


def read_form(form: Mapping[str, Any], connection: Connection, sealer: Sealer) -> Filled:
    """What was typed, and what of it can be used; every fault has its field and its sentence."""
    typed = {name: str(form.get(name, ""))[:_LONGEST].strip() for name in LABELS}
    if connection.state != "draft":
        typed |= {"base_url": connection.base_url, "environment": connection.environment}
    reading = _Reading(typed)
    values = reading.values()
    secrets = _read_secrets(form, connection, sealer)
    if LISTED in secrets:
        secrets[LISTED] = reading.numbers(secrets[LISTED])
    version = str(form.get("version", "0"))
    return Filled(
        typed=typed,
        version=int(version) if version.isdecimal() else 0,
        was=_read_was(str(form.get("was", ""))),
        values=values,
        secrets={name: secret for name, secret in secrets.items() if secret},
        faults=reading.faults,
    )


def seal_secret(sealer: Sealer, connection_id: str, secret: str) -> str:
    """A typed secret for a hidden field: a form with a fault elsewhere does not lose it, and does not show it."""
    sealed = sealer.seal(secret, purpose=f"form:{connection_id}")
    return base64.urlsafe_b64encode(sealed).decode()


def _read_secrets(form: Mapping[str, Any], connection: Connection, sealer: Sealer) -> dict[str, str]:
    found = {}
    for name in SECRETS:
        typed = str(form.get(name, "")).strip()
        kept = str(form.get(f"{name}_kept", ""))
        if not typed and kept:
            try:
                sealed = base64.urlsafe_b64decode(kept)
                typed = sealer.open(sealed, purpose=f"form:{connection.id}")
            except (SealBroken, binascii.Error, ValueError):
                typed = ""
        if typed:
            found[name] = typed
    return found


def _read_was(text: str) -> Typed:
    try:
        was = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in was.items()} if isinstance(was, dict) else {}


class _Reading:
    """Reads field after field; notes what is wrong."""

    def __init__(self, typed: Typed) -> None:
        self._typed = typed
        self.faults: dict[str, str] = {}

    def values(self) -> dict[str, Any]:
        """The columns that can be set; a field with a fault has none."""
        typed = self._typed
        values: dict[str, Any] = {
            "base_url": typed["base_url"].rstrip("/"),
            "environment": self._one_of("environment", Environment, Environment.test.value),
            "client_kind": self._one_of("client_kind", ClientKind, ClientKind.symmetric.value),
            "client_id": typed["client_id"],
            "system_client_id": typed["system_client_id"] or None,
            "patient_base_url": typed["patient_base_url"].rstrip("/") or None,
            "patient_client_id": typed["patient_client_id"] or None,
            "locations": self._ids("locations", "Location"),
            "practitioners": self._ids("practitioners", "Practitioner"),
            "time_zone": self._zone(),
            "phone_region": self._region(),
            "frame_ancestors": self._origins(),
            "confirm_existing": bool(typed["confirm_existing"]),
            "lobby_opens_min": self._number("lobby_opens_min"),
            "window_closes_min": self._number("window_closes_min"),
            "requests_per_min": self._number("requests_per_min"),
        }
        if typed["vendor"]:
            values["vendor"] = self._vendor()
        values["write_back"] = self._writes(values.get("vendor"))
        return {name: value for name, value in values.items() if name not in self.faults}

    def _vendor(self) -> str:
        if self._typed["vendor"] in PROFILES:
            return self._typed["vendor"]
        self.faults["vendor"] = "Choose one of the list."
        return ""

    def numbers(self, typed: str) -> str:
        """Numbers in international form, one after the other; empty where one is none, which is a fault."""
        found = []
        for line in filter(None, (one.strip() for one in re.split(r"[\n,;]+", typed))):
            is_kept = line == ANY_NUMBER or _MAIL.fullmatch(line) is not None
            number = line if is_kept else _international(line, self._typed["phone_region"] or "US")
            if number is None:
                # Not said back: what was typed may be somebody's number, and errors hold none.
                self.faults[LISTED] = "Give one number or mail address on a line, or the word any."
                return ""
            found.append(number)
        return " ".join(found)

    def _one_of(self, name: str, words: Any, otherwise: str) -> str:
        try:
            return str(words(self._typed[name] or otherwise).value)
        except ValueError:
            self.faults[name] = "Choose one of the list."
            return otherwise

    def _ids(self, name: str, kind: str) -> list[str]:
        typed = re.split(r"[\s,;]+", self._typed[name]) if self._typed[name] else []
        found = list(dict.fromkeys(one.removeprefix(f"{kind}/") for one in typed))
        wrong = next((one for one in found if not _ID.fullmatch(one)), None)
        if wrong is not None:
            self.faults[name] = (
                f"“{wrong[:40]}” is no id of a FHIR {kind}: letters, digits, hyphens and dots."
            )
        return found

    def _zone(self) -> str:
        zone = self._typed["time_zone"] or "America/Chicago"
        if zone not in available_timezones():
            self.faults["time_zone"] = (
                "Give a time zone by its name, like America/Chicago or Europe/Copenhagen."
            )
        return zone

    def _region(self) -> str:
        region = self._typed["phone_region"].upper() or "US"
        if region not in phonenumbers.SUPPORTED_REGIONS:
            self.faults["phone_region"] = "Give a country by its two letters, like US, GB or DK."
        return region

    def _origins(self) -> list[str]:
        found = self._typed["frame_ancestors"].split()
        for one in found:
            parts = urlsplit(one)
            if (
                parts.scheme not in ("https", "http")
                or not parts.netloc
                or parts.path.strip("/")
                or parts.query
            ):
                self.faults["frame_ancestors"] = (
                    f"“{one[:60]}” is no origin: https, two slashes, the host, and the port where there is one."
                )
        return [one.rstrip("/") for one in found]

    def _number(self, name: str) -> int:
        text = self._typed[name]
        number = int(text) if text.isdecimal() and len(text) < 8 else -1
        try:
            return checked_minutes(name, number) if name in LEAST_MINUTES else checked_budget(number)
        except TenancyError as fault:
            self.faults[name] = fault.sentence
            return number

    def _writes(self, vendor: str | None) -> list[str]:
        wanted = {
            Writing.links: self._typed["write_links"],
            Writing.status: self._typed["write_status"],
            Writing.presence: self._typed["write_presence"],
        }
        chosen = {word for word, ticked in wanted.items() if ticked}
        if vendor and not chosen <= PROFILES[Vendor(vendor)].writes:
            self.faults["write_links"] = (
                "This EHR does not take all of these from us: clear the boxes it does not take."
            )
        return sorted(word.value for word in chosen)


def _international(written: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(written, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _box(ticked: bool) -> str:
    return "yes" if ticked else ""


@dataclass(frozen=True)
class Clash:
    """A field that somebody else changed meanwhile: what stands now, and what this person typed."""

    name: str
    theirs: str
    mine: str

    @property
    def is_both(self) -> bool:
        """Whether both changed it, each differently."""
        return self.theirs != self.mine

    @property
    def label(self) -> str:
        return LABELS[self.name]


def merge(filled: Filled, now: Typed) -> tuple[Typed, tuple[Clash, ...]]:
    """The form for whoever came second: own typing kept, the other's changes taken over where there is none."""
    shown, clashes = dict(filled.typed), []
    for name in LABELS:
        was = filled.was.get(name, now.get(name, ""))
        theirs, mine = now.get(name, ""), filled.typed[name]
        if theirs in (was, mine):
            continue
        if mine == was:
            shown[name] = mine = theirs
        clashes.append(Clash(name, theirs, mine))
    return shown, tuple(clashes)
