"""The list of checks, and running them: side by side, each within its time."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Final

from housecall.checks import carriers, meetings, outside, returned, server
from housecall.checks.model import Check, Finding, Ground, Result, fail
from housecall.kit.errors import HousecallError, Kind

log = logging.getLogger(__name__)

# An EHR has fifteen seconds for each answer, and people wait for this page.
WITHIN: Final = timedelta(seconds=20)

# Add a check here: page, command and reference follow.
CHECKS: Final = (
    Check("database", "Database", "Everything is kept there.", server.database),
    Check("worker", "Worker", "It sends messages and reads appointments.", server.worker),
    Check(
        "master-key", "Master key", "It seals every secret; without it none opens again.", server.master_key
    ),
    Check("public-url", "Public address", "Patients and charts reach Housecall there.", outside.public_url),
    Check("sockets", "Live connections", "Patients wait and are called over them.", outside.sockets),
    Check("browsers", "Browsers", "They give camera and microphone to secure pages only.", server.browsers),
    Check("clock", "Clock", "Sign-ins and reminders depend on it.", server.clock),
    Check(
        "relay",
        "TURN relay",
        "Calls need it where networks block direct ones; it hides addresses.",
        outside.relay,
    ),
    Check(
        "teams",
        "Microsoft Teams",
        "Visits are held there, where a connection says so: licences, policy and permissions.",
        meetings.teams,
    ),
    Check("ehr", "EHR connections", "Launches, appointments and names come from there.", outside.ehr),
    Check("texts", "Texts", "Links and reminders go out by them.", outside.texts),
    Check(
        "carriers",
        "Carriers' check of numbers",
        "Carriers in the United States and Canada hold back texts from numbers they do not know.",
        carriers.numbers,
    ),
    Check("mail", "E-mail", "Links and reminders go out by it, where it is set up.", outside.mail),
    Check(
        "returned-mail",
        "Returned e-mail",
        "What could not be delivered comes back there, and the timeline says why.",
        returned.mailbox,
    ),
    Check("sign-in", "Sign-in provider", "Administrators come in by it.", outside.sign_in),
    Check("redis", "Redis", "It joins several nodes.", outside.redis),
)


class CheckUnknown(HousecallError):
    """There is no such check."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "checks.unknown"


def get_check(name: str) -> Check:
    """The check of that name; raises CheckUnknown."""
    found = next((check for check in CHECKS if check.name == name), None)
    if found is None:
        raise CheckUnknown
    return found


async def run_check(check: Check, ground: Ground, *, within: timedelta = WITHIN) -> Result:
    """What comes of one check; never raises, and never takes longer than ``within``."""
    began = time.monotonic()
    findings: Sequence[Finding]
    try:
        async with asyncio.timeout(within.total_seconds()):
            findings = await check.look(ground)
    except TimeoutError:
        findings = [
            fail(
                f"This took longer than {within.total_seconds():.0f} seconds.",
                "Something on the way swallows what is sent: look at firewalls and name servers.",
            )
        ]
    except HousecallError as error:
        findings = [fail(error.sentence, f"Look up {error.code} in the list of error codes.")]
    except Exception:
        log.exception("A check failed in an unforeseen way.", extra={"check": check.name})
        findings = [fail("This could not be tested.", "The log says why.")]
    return Result(check, tuple(findings), round(1000 * (time.monotonic() - began)))


async def run_all(ground: Ground, *, within: timedelta = WITHIN) -> list[Result]:
    """All of them, in the list's order."""
    return list(await asyncio.gather(*(run_check(check, ground, within=within) for check in CHECKS)))
