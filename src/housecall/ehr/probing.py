"""Tries a registration without anybody launching: what an EHR's answers to made-up requests give away.

An authorization request that no chart began, and a code that nobody was given: a server that knows the app refuses
both in other words than one that does not.

Source: RFC 6749 §4.1.2.1 (errors go to a redirect address only if it is registered) and §5.2.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from housecall.ehr.base import EhrClient, LocationRef, Persona, PractitionerRef
from housecall.ehr.errors import (
    ClientRefused,
    EhrError,
    EhrUnavailable,
    FeedUnsupported,
    LaunchDenied,
    LaunchReplayed,
)
from housecall.ehr.outward import Answer, Outward
from housecall.kit.findings import Finding, Level

# The app itself is at fault, not the request that no chart began.
_APP_FAULTS: Final = {
    "unauthorized_client": "The EHR knows this client id, but does not let it launch.",
    "invalid_scope": "The EHR does not grant this client the permissions that are asked for.",
    "invalid_client": "The EHR does not know this client id.",
}
_REGISTER: Final = "Compare the record below with what is registered at the EHR, letter by letter."


async def probe_launch(
    client: EhrClient, outward: Outward, *, redirect_url: str, persona: Persona
) -> tuple[Finding, ...]:
    """What can be shown of the persona's registration without a chart; never raises for what is found."""
    try:
        request = await client.begin_launch(launch=None, redirect_url=redirect_url, persona=persona)
        asked = _read_authorization(await outward.send("GET", request.url), redirect_url)
    except EhrError as fault:
        return (Finding("authorization", Level.fail, fault.sentence, "Validate the connection's address."),)
    return asked, await _try_code(client, redirect_url=redirect_url, persona=persona)


async def probe_schedule(
    client: EhrClient, *, practitioners: list[str], locations: list[str], start: datetime, window: timedelta
) -> Finding:
    """Whether the system account reads the schedule, by reading the window of it."""
    try:
        page = await client.list_appointments(
            practitioners=[PractitionerRef(one) for one in practitioners],
            locations=[LocationRef(one) for one in locations],
            start=start,
            end=start + window,
        )
    except FeedUnsupported as fault:
        return Finding("schedule", Level.warn, fault.sentence, "Use the HL7 feed for this EHR's schedule.")
    except EhrError as fault:
        return Finding(
            "schedule",
            Level.fail,
            f"The system account cannot read the schedule. {fault.sentence}",
            "Check its client id and secret, its permissions, and the locations or practitioners.",
        )
    count = len(page.appointments)
    return Finding(
        "schedule", Level.ok, f"The system account reads the schedule: {count} appointments in a day."
    )


def _read_authorization(answer: Answer, redirect_url: str) -> Finding:
    where = answer.headers.get("location", "")
    if answer.status in (301, 302, 303, 307, 308) and where:
        if not where.startswith(redirect_url):
            return Finding(
                "authorization", Level.ok, "The EHR goes on to its sign-in: it knows the client id."
            )
        error = parse_qs(urlsplit(where).query).get("error", [""])[0]
        if error in _APP_FAULTS:
            return Finding("authorization", Level.fail, _APP_FAULTS[error], _REGISTER)
        return Finding("authorization", Level.ok, "The EHR knows the client id and the redirect address.")
    if answer.status == 200:
        return Finding(
            "authorization",
            Level.warn,
            "The EHR answers with a page of its own: a sign-in, or an error that only people can read.",
            "Open Housecall from a chart to be sure.",
        )
    if answer.status >= 500:
        return Finding(
            "authorization", Level.warn, "The EHR failed while answering.", "Try again in a minute."
        )
    return Finding(
        "authorization", Level.fail, "The EHR does not know the client id or the redirect address.", _REGISTER
    )


async def _try_code(client: EhrClient, *, redirect_url: str, persona: Persona) -> Finding:
    try:
        await client.finish_launch(
            code=secrets.token_urlsafe(24),
            redirect_url=redirect_url,
            code_verifier=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(16),
            persona=persona,
        )
    except LaunchReplayed:
        return Finding("client", Level.ok, "The EHR accepts our proof of who we are.")
    except ClientRefused as fault:
        mend = "Enter the secret anew, or have the EHR read our key set; a secret has no spaces around it."
        return Finding("client", Level.fail, fault.sentence, mend)
    except EhrUnavailable as fault:
        return Finding("client", Level.warn, fault.sentence, "Try again in a minute.")
    except LaunchDenied:
        return Finding(
            "client",
            Level.warn,
            "The EHR refuses a made-up code, and does not say whether it knows our client.",
            "Open Housecall from a chart to be sure.",
        )
    except EhrError as fault:
        return Finding("client", Level.warn, fault.sentence, "Open Housecall from a chart to be sure.")
    return Finding("client", Level.warn, "The EHR took a code that was made up.", "Tell its vendor.")
