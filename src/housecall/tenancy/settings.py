"""An organisation's own settings: what it is called, whom to phone, its time and language, what staff are told."""

from collections.abc import Container
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.tenancy.errors import SettingInvalidHere
from housecall.tenancy.store import lock_organisation
from housecall.tenancy.tables import Organisation

LONGEST_NAME: Final = 80
# One quiet line on a panel 360 px wide: longer ones are not read.
LONGEST_REMINDER: Final = 160
# What the clinician's panel says beside the admit button until the organisation has words of its own.
USUAL_REMINDER: Final = "Check who it is before you admit: ask for their full name and date of birth."


@dataclass(frozen=True)
class OrganisationSettings:
    """What an administrator may change of the organisation itself."""

    display_name: str
    clinic_phone: str
    time_zone: str
    language: str
    # Empty: the panel reminds of nothing.
    identity_reminder: str = USUAL_REMINDER
    # Interpreters and relatives can only be told of a move when it is known until then where to write.
    keeps_guest_addresses: bool = False


def settings_now(owner: Organisation) -> OrganisationSettings:
    """As they stand."""
    return OrganisationSettings(
        owner.display_name,
        owner.clinic_phone,
        owner.time_zone,
        owner.language,
        reminder_of(owner),
        owner.keeps_guest_addresses,
    )


def reminder_of(owner: Organisation) -> str:
    """What the panel says beside the admit button; empty for nothing."""
    return USUAL_REMINDER if owner.identity_reminder is None else owner.identity_reminder


def faults_of(wanted: OrganisationSettings, languages: Container[str]) -> dict[str, SettingInvalidHere]:
    """What is wrong, by field; nothing when they can be saved."""
    faults = {}
    if not 1 <= len(wanted.display_name) <= LONGEST_NAME or not wanted.display_name.isprintable():
        faults["display_name"] = SettingInvalidHere(f"Give a name of 1 to {LONGEST_NAME} characters.")
    if wanted.clinic_phone and not _can_be_dialled(wanted.clinic_phone):
        faults["clinic_phone"] = SettingInvalidHere(
            "Give a number that can be dialled, like +1 312 555 0100."
        )
    if not _is_zone(wanted.time_zone):
        faults["time_zone"] = SettingInvalidHere("Give a time zone by its place, like America/Chicago.")
    if wanted.language not in languages:
        faults["language"] = SettingInvalidHere("Choose one of the languages.")
    if len(wanted.identity_reminder) > LONGEST_REMINDER or not wanted.identity_reminder.isprintable():
        faults["identity_reminder"] = SettingInvalidHere(
            f"Give one line of at most {LONGEST_REMINDER} characters, or none."
        )
    return faults


async def change_settings(
    work: Work, org_id: OrgId, wanted: OrganisationSettings, *, revision: int, now: datetime, by: By
) -> None:
    """They stand from now on; raises Overtaken when somebody else changed something since the form was opened."""
    owner = await lock_organisation(work, org_id)
    if owner.revision != revision:
        raise Overtaken
    await put_settings(work, owner, wanted, now=now, by=by)


async def put_settings(
    work: Work, owner: Organisation, wanted: OrganisationSettings, *, now: datetime, by: By
) -> None:
    """They stand, with what they were before on record."""
    before = asdict(settings_now(owner))
    owner.display_name, owner.clinic_phone = wanted.display_name, wanted.clinic_phone
    owner.time_zone, owner.language = wanted.time_zone, wanted.language
    # What is as usual follows when the usual words get better.
    is_usual = wanted.identity_reminder == USUAL_REMINDER
    owner.identity_reminder = None if is_usual else wanted.identity_reminder
    owner.keeps_guest_addresses = wanted.keeps_guest_addresses
    owner.revision += 1
    await record(
        work,
        OrgId(owner.id),
        Act.organisation_changed,
        by=by,
        subject=str(owner.id),
        at=now,
        **before_and_after(before, asdict(wanted)),
    )


def _can_be_dialled(phone: str) -> bool:
    digits = sum(sign.isdigit() for sign in phone)
    has_only_signs = all(sign.isdigit() or sign in "+-/(). " for sign in phone)
    if not has_only_signs or not 3 <= digits <= 15:
        return False
    if not phone.startswith("+"):
        return True
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return False


def _is_zone(name: str) -> bool:
    try:
        return "/" in name and bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
