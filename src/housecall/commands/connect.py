"""``housecall connect``: declares a connection without the portal; prints one JSON object."""

import argparse
import asyncio
import json
import sys
from typing import ClassVar

from housecall.audit.model import Actor, By
from housecall.compose import Place, build_house, close_house, open_place
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import ClientKind, Vendor, Writing
from housecall.ehr.registry import PROFILES
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.findings import Level
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.tenancy.connections import check_rules, confirm_release
from housecall.tenancy.examining import Question, examine
from housecall.tenancy.keys import load_signing_keys
from housecall.tenancy.model import Channels, Environment, Protection
from housecall.tenancy.protection import stand_of
from housecall.tenancy.records import launch_record
from housecall.tenancy.service import (
    Declaration,
    declare_connection,
    ensure_organisation,
    go_live,
    name_clinic,
    refuse_unprotected,
)
from housecall.tenancy.store import find_organisation_by_name, get_connection
from housecall.tenancy.tables import Connection
from housecall.tenancy.timing import QuietHours, read_reminder
from housecall.visits.timing import want_timing_followed
from housecall.web.house import House

_OPERATOR = By(Actor.operator, "command-line")
# What is not given is neither: it stays.
_YES_OR_NO = {"yes": True, "no": False}


class ConnectionRefused(HousecallError):
    """The EHR's address did not pass the checks; nothing was changed."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "commands.connection_refused"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("connect", help="declare a connection to an EHR")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--environment", choices=[one.value for one in Environment], required=True)
    _add_clients(parser)
    parser.add_argument("--vendor", choices=list(PROFILES))
    parser.add_argument("--organisation", default="default")
    parser.add_argument("--location", nargs="+", action="extend", default=[])
    parser.add_argument("--practitioner", nargs="+", action="extend", default=[])
    parser.add_argument("--virtual", nargs="+", action="extend", default=[], metavar="RULE")
    parser.add_argument("--texts-from")
    parser.add_argument("--texts-to", nargs="+", action="extend", default=[], metavar="any|NUMBER")
    parser.add_argument("--consent-send", action="store_true")
    parser.add_argument("--consent-attendees", action="store_true")
    parser.add_argument("--confirm-existing", action="store_true")
    _add_timing(parser)
    parser.add_argument(
        "--time-zone", default="America/Chicago", help="the clinic's, where the EHR gives none"
    )
    parser.add_argument("--phone-region", default="US", help="the country of numbers written without a code")
    parser.add_argument("--frame-ancestor", nargs="+", action="extend", default=[], metavar="ORIGIN")
    parser.add_argument("--mpages", action="store_true", help="Housecall is opened as an MPages component")
    words = [Writing.links.value, Writing.status.value, Writing.presence.value]
    parser.add_argument("--write-back", nargs="+", action="extend", default=[], choices=words)
    parser.add_argument(
        "--requests-per-minute", type=int, help="what feed, texts and write-back may ask together"
    )
    _add_clinic(parser)
    _add_words_on_record(parser)
    parser.set_defaults(run=run)


def _add_clinic(parser: argparse.ArgumentParser) -> None:
    """What holds for the whole organisation; what is not given stays as it is."""
    parser.add_argument("--clinic-name", help="what patients read in texts and on pages")
    parser.add_argument("--clinic-phone", help="whom patients call when something does not work")
    parser.add_argument(
        "--identity-reminder",
        metavar="SENTENCE",
        help="what the panel says by the admit button; '' is nothing",
    )
    parser.add_argument(
        "--keep-guest-addresses",
        choices=["yes", "no"],
        help="where interpreters and relatives were written to is kept, sealed, until their visit is over",
    )


def _add_words_on_record(parser: argparse.ArgumentParser) -> None:
    """What whoever types this answers for: the audit log keeps it."""
    parser.add_argument(
        "--confirm-release",
        action="store_true",
        help="the EHR's release is late enough, says whoever types this; the audit log keeps it",
    )
    parser.add_argument(
        "--go-live",
        action="store_true",
        help="switch a production connection on; without a test launch before, the audit log says so",
    )
    parser.add_argument(
        "--without-relay",
        action="store_true",
        help="go live though no relay works, so that people learn each other's network address; it is recorded",
    )


def _add_timing(parser: argparse.ArgumentParser) -> None:
    """How and when messages leave; what is not given stays as it is."""
    words = [one.value for one in Channels]
    parser.add_argument("--channels", choices=words, help="what carries messages to patients; text at first")
    parser.add_argument(
        "--reminder", nargs="*", metavar="BEFORE", help="when to remind, as in 1d 2h 15m; 1d 15m at first"
    )
    parser.add_argument(
        "--quiet-hours", metavar="FROM-UNTIL", help="no message leaves then, as in 21:00-08:00; off at first"
    )


def _add_clients(parser: argparse.ArgumentParser) -> None:
    """Who we are to the EHR: for clinicians' launches, for the feed, for patients' launches."""
    parser.add_argument("--client-id", required=True)
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--client-secret")
    secret.add_argument("--jwks", action="store_true", help="authenticate with our published keys")
    parser.add_argument("--system-client-id")
    parser.add_argument("--system-client-secret")
    parser.add_argument("--patient-base-url", help="the patient portal's, where it is another")
    parser.add_argument(
        "--patient-client-id", help="our client id for the patient's launch, where it is another"
    )
    parser.add_argument("--patient-client-secret")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Declare the connection and print what to register with the EHR."""
    place = open_place(settings)
    try:
        answer = asyncio.run(_connect(settings, place, arguments))
    finally:
        place.leave()
    print(json.dumps(answer))  # noqa: T201
    return 0


async def _connect(settings: Settings, place: Place, arguments: argparse.Namespace) -> dict[str, str]:
    check_rules(arguments.virtual)
    house = await build_house(settings, place)
    try:
        vendor = await _examine(house, arguments, arguments.base_url)
        if arguments.patient_base_url:
            await _examine(house, arguments, arguments.patient_base_url)
        if not {Writing(word) for word in arguments.write_back} <= PROFILES[Vendor(vendor)].writes:
            raise ConnectionRefused("This EHR does not take from us what --write-back names; leave it out.")
        protection = await _protection(house, arguments)
        connection = await declare(
            house, declaration_of(arguments, vendor), organisation=arguments.organisation
        )
        await _finish(house, connection, arguments, protection)
    finally:
        await close_house(house)
    return addresses_of(connection, settings.public_url)


async def _examine(house: House, arguments: argparse.Namespace, base_url: str) -> str:
    """The vendor at an address that passed the checks; what was found goes to standard error."""
    network = NetworkRules.from_setting(
        house.settings.words("HOUSECALL_ALLOW_PRIVATE_ADDRESSES"), house.settings.text("HOUSECALL_CA_FILE")
    )
    async with house.database.work() as work:
        owner = await find_organisation_by_name(work, arguments.organisation)
    question = Question(
        base_url=base_url,
        environment=Environment(arguments.environment),
        client_kind=ClientKind(kind_of(arguments)),
        vendor=Vendor(arguments.vendor) if arguments.vendor else None,
        release_confirmed=arguments.confirm_release,
    )
    org_id = OrgId(owner.id) if owner is not None else None
    result = await examine(house.database, org_id, question, network=network, clock=house.clock)
    for finding in result.findings:
        if finding.level is not Level.ok:
            print(f"{finding.level}: {finding.sentence} {finding.mend}".strip(), file=sys.stderr)  # noqa: T201
    if not result.is_usable:
        raise ConnectionRefused
    return result.vendor or "generic"


async def _protection(house: House, arguments: argparse.Namespace) -> Protection:
    """Whether addresses are hidden in calls, tried now; raises RelayMissing where that stops going live."""
    environment = Environment(arguments.environment)
    if not arguments.go_live or environment is not Environment.production:
        return Protection.off
    standing = await stand_of(
        house.desk.meetings,
        ca_file=house.settings.text("HOUSECALL_CA_FILE"),
        override=arguments.without_relay,
    )
    for sentence in standing.sentences:
        print(sentence, file=sys.stderr)  # noqa: T201
    refuse_unprotected(environment, standing.protection, because=standing.refusal)
    return standing.protection


async def _finish(
    house: House, connection: Connection, arguments: argparse.Namespace, protection: Protection
) -> None:
    """What is said of the clinic besides, and whether the connection is live."""
    now, org_id = house.clock.now(), OrgId(connection.org_id)
    async with house.database.work() as work:
        # An EHR of this vendor may take one kind of signature only: its key is published at once.
        await load_signing_keys(work, house.desk.ehr, house.sealer, now=now)
        await name_clinic(
            work,
            org_id,
            name=arguments.clinic_name,
            phone=arguments.clinic_phone,
            reminder=arguments.identity_reminder,
            keeps_guest_addresses=_YES_OR_NO.get(arguments.keep_guest_addresses),
            now=now,
            by=_OPERATOR,
        )
        if arguments.confirm_release:
            await confirm_release(work, org_id, connection.id, now=now, by=_OPERATOR)
        if arguments.go_live:
            stored = await get_connection(work, org_id, connection.id)
            await go_live(work, stored, protection=protection, now=now, by=_OPERATOR)


def kind_of(arguments: argparse.Namespace) -> str:
    """How our client proves itself: by published keys, by a secret, or not at all."""
    return "asymmetric" if arguments.jwks else "symmetric" if arguments.client_secret else "public"


def declaration_of(arguments: argparse.Namespace, vendor: str) -> Declaration:
    """The declaration that the command line stands for."""
    return Declaration(
        base_url=arguments.base_url,
        environment=Environment(arguments.environment),
        vendor=vendor,
        client_kind=kind_of(arguments),
        client_id=arguments.client_id,
        client_secret=arguments.client_secret,
        system_client_id=arguments.system_client_id,
        system_client_secret=arguments.system_client_secret,
        patient_base_url=arguments.patient_base_url,
        patient_client_id=arguments.patient_client_id,
        patient_client_secret=arguments.patient_client_secret,
        locations=tuple(arguments.location),
        practitioners=tuple(arguments.practitioner),
        virtual_rules=tuple(arguments.virtual),
        texts_from=arguments.texts_from,
        texts_to=tuple(arguments.texts_to),
        consent_send=arguments.consent_send,
        consent_attendees=arguments.consent_attendees,
        confirm_existing=arguments.confirm_existing,
        time_zone=arguments.time_zone,
        phone_region=arguments.phone_region,
        frame_ancestors=tuple(arguments.frame_ancestor),
        is_mpages=arguments.mpages,
        write_back=tuple(arguments.write_back),
        channels=Channels(arguments.channels) if arguments.channels else None,
        reminders_min=None if arguments.reminder is None else tuple(map(read_reminder, arguments.reminder)),
        quiet_hours=QuietHours.read(arguments.quiet_hours) if arguments.quiet_hours else None,
        requests_per_min=arguments.requests_per_minute,
    )


async def declare(house: House, declared: Declaration, *, organisation: str) -> Connection:
    """The connection stands, under an organisation that is made if missing."""
    now = house.clock.now()
    async with house.database.work() as work:
        owner = await ensure_organisation(
            work, organisation, region=house.settings.region, now=now, by=_OPERATOR
        )
        org_id = OrgId(owner.id)
        connection = await declare_connection(
            work, org_id, declared, sealer=house.sealer, now=now, by=_OPERATOR
        )
        if declared.channels is not None or declared.reminders_min is not None:
            await want_timing_followed(work, org_id, connection.id)
        return connection


def addresses_of(connection: Connection, public_url: str) -> dict[str, str]:
    """What the EHR's administrator registers."""
    clinicians = launch_record(connection, "practitioner", public_url)
    return {
        "id": connection.id,
        "launch_url": clinicians.launch_url,
        "patient_launch_url": launch_record(connection, "patient", public_url).launch_url,
        "redirect_url": clinicians.redirect_url,
        "jwks_url": clinicians.jwks_url,
    }
