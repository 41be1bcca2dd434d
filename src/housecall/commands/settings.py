"""``housecall settings``: what the portal's pages of settings do, typed; without anything given, prints what stands."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from housecall.commands.acting import OPERATOR, add_act
from housecall.commands.wording import add_wording
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.languages import LANGUAGES
from housecall.tenancy.branding import (
    KINDS,
    LARGEST_LOGO,
    read_accent,
    read_logo,
    read_text,
    set_branding,
    set_logo,
)
from housecall.tenancy.connections import checked_minutes, set_request_budget
from housecall.tenancy.errors import SettingInvalidHere
from housecall.tenancy.settings import faults_of, put_settings, settings_now
from housecall.tenancy.setup import get_setup, save_settings
from housecall.tenancy.store import find_branding, get_connection, lock_organisation
from housecall.web.house import House


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and what it does."""
    parser = commands.add_parser("settings", help="change an organisation's or a connection's settings")
    acts = parser.add_subparsers(required=True, metavar="act")
    own = add_act(
        acts, "organisation", "what the clinic is called, whom to call, its time, its language", general
    )
    own.add_argument("--clinic-name", help="what patients read in texts and on pages")
    own.add_argument("--clinic-phone", help="whom patients call when something does not work")
    own.add_argument("--time-zone", help="by its place, like America/Chicago")
    own.add_argument("--language", metavar="CODE", help="for patients whose own is not known")
    own.add_argument("--identity-reminder", metavar="TEXT", help="beside the admit button; empty: none")
    own.add_argument("--keep-guest-addresses", choices=["yes", "no"], help="so that a move can be told")
    look = add_act(acts, "branding", "what patients see of the organisation", branding)
    look.add_argument("--accent", metavar="COLOUR", help="as in #0b5563; empty: our own")
    picture = look.add_mutually_exclusive_group()
    picture.add_argument("--logo", type=Path, metavar="FILE")
    picture.add_argument("--no-logo", action="store_true")
    for kind, words in (("welcome", "before the visit"), ("closed", "after the visit")):
        look.add_argument(
            f"--{kind}", nargs="+", action="extend", default=[], metavar="LANGUAGE=TEXT", help=words
        )
    one = add_act(acts, "connection", "how much an EHR is asked, and how long links work", connection)
    one.add_argument("--connection", required=True, metavar="ID")
    one.add_argument(
        "--requests-per-minute", type=int, help="what feed, texts and write-back may ask together"
    )
    one.add_argument("--lobby-opens", type=int, metavar="MINUTES", help="before the start")
    one.add_argument("--link-works", type=int, metavar="MINUTES", help="after the planned end")
    add_wording(acts)


async def general(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """The organisation's settings stand as typed; raises SettingInvalidHere."""
    owner = await lock_organisation(work, org_id)
    given = {
        "display_name": arguments.clinic_name,
        "clinic_phone": arguments.clinic_phone,
        "time_zone": arguments.time_zone,
        "language": arguments.language,
        "identity_reminder": arguments.identity_reminder,
    }
    typed: dict[str, Any] = {name: value.strip() for name, value in given.items() if value is not None}
    if arguments.keep_guest_addresses:
        typed["keeps_guest_addresses"] = arguments.keep_guest_addresses == "yes"
    wanted = replace(settings_now(owner), **typed)
    faults = faults_of(wanted, LANGUAGES)
    if faults:
        raise SettingInvalidHere(" ".join(fault.sentence for fault in faults.values()))
    if wanted != settings_now(owner):
        await put_settings(work, owner, wanted, now=house.clock.now(), by=OPERATOR)
    return asdict(wanted)


async def branding(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """Patients see this; raises ColourRefused, TextRefused, LogoRefused or SettingInvalidHere."""
    owner, now = await lock_organisation(work, org_id), house.clock.now()
    found = await find_branding(work, org_id)
    accent = (found.accent if found else None) or ""
    stands = found.texts if found else {}
    texts = {language: dict(stands.get(language, {})) for language in LANGUAGES}
    for kind in KINDS:
        for language, text in map(_read_said, getattr(arguments, kind)):
            texts[language][kind] = read_text(text)
    if arguments.accent is not None or arguments.welcome or arguments.closed:
        accent = accent if arguments.accent is None else read_accent(arguments.accent)
        await set_branding(
            work, org_id, accent=accent, texts=texts, revision=owner.revision, now=now, by=OPERATOR
        )
    if arguments.logo or arguments.no_logo:
        content = arguments.logo.read_bytes()[: LARGEST_LOGO + 1] if arguments.logo else b""
        logo = read_logo(content) if arguments.logo else None
        await set_logo(work, org_id, logo, revision=owner.revision, now=now, by=OPERATOR)
    found = await find_branding(work, org_id)
    return {
        "accent": (found.accent if found else None) or "",
        "logo": found.logo_hash if found else None,
        "texts": {language: said for language, said in texts.items() if said},
    }


def _read_said(typed: str) -> tuple[str, str]:
    language, sign, text = typed.partition("=")
    if not sign or language not in LANGUAGES:
        raise SettingInvalidHere(
            f"Begin a text with its language, one of {', '.join(LANGUAGES)}: en=Welcome."
        )
    return language, text


async def connection(
    house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace
) -> dict[str, Any]:
    """The connection's settings stand as typed; raises BudgetTooSmall or SettingInvalidHere."""
    now, chosen = house.clock.now(), arguments.connection
    if arguments.requests_per_minute is not None:
        await set_request_budget(work, org_id, chosen, arguments.requests_per_minute, now=now, by=OPERATOR)
    given = {"lobby_opens_min": arguments.lobby_opens, "window_closes_min": arguments.link_works}
    values = {name: checked_minutes(name, value) for name, value in given.items() if value is not None}
    if values:
        setup = await get_setup(work, org_id, chosen)
        await save_settings(
            work, org_id, chosen, version=setup.version, typed=setup.typed or {}, values=values, secrets={},
            sealer=house.sealer, now=now, by=OPERATOR,
        )  # fmt: skip
    stands = await get_connection(work, org_id, chosen)
    await work.session.refresh(stands)
    return {
        "connection": stands.id,
        "requests_per_minute": stands.requests_per_min,
        "lobby_opens": stands.lobby_opens_min,
        "link_works": stands.window_closes_min,
    }
