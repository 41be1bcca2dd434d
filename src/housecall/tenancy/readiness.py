"""What a connection still lacks, in words, and whether it lacks it badly."""

from dataclasses import dataclass

from housecall.ehr.base import ClientKind, Vendor
from housecall.ehr.registry import PROFILES
from housecall.tenancy.model import ConnectionState, Environment
from housecall.tenancy.service import may_text
from housecall.tenancy.tables import Connection


@dataclass(frozen=True)
class Lack:
    """One thing that is missing: a stable code, a sentence that says what to do, and whether visits need it."""

    code: str
    sentence: str
    is_needed: bool = True


def lacks_of(connection: Connection) -> tuple[Lack, ...]:
    """All that is missing, what visits need first."""
    found = [*_of_clients(connection), *_of_feed(connection), *_of_state(connection), *_of_texts(connection)]
    return tuple(sorted(found, key=lambda lack: not lack.is_needed))


def _of_clients(connection: Connection) -> list[Lack]:
    found = []
    if not connection.client_id:
        found.append(
            Lack("client_id", "Register the provider launch record with your EHR, then enter its client id.")
        )
    if connection.client_kind == ClientKind.symmetric and not connection.client_secret_sealed:
        found.append(Lack("client_secret", "Enter the secret that belongs to the client id."))
    if not (connection.patient_client_id or connection.client_id):
        found.append(
            Lack(
                "patient_client_id",
                "Register the patient launch record too, if patients shall begin visits from their portal.",
                is_needed=False,
            )
        )
    return found


def _of_feed(connection: Connection) -> list[Lack]:
    profile = PROFILES[Vendor(connection.vendor)]
    if not profile.lists_appointments:
        return [Lack("feed", "This EHR's schedule comes by an HL7 feed: see the guide.", is_needed=False)]
    if not connection.system_client_id:
        sentence = "Enter a system account: without one no appointment is found before a chart is opened."
        return [Lack("system_client_id", sentence)]
    if profile.needs_actor and not (connection.locations or connection.practitioners):
        return [Lack("locations", "Name the locations or practitioners whose appointments are read.")]
    if connection.feed_fault:
        sentence = f"The schedule could not be read at the last try ({connection.feed_fault})."
        return [Lack("feed_fault", sentence + " Validate the connection to see why.")]
    return []


def _of_state(connection: Connection) -> list[Lack]:
    if connection.state == ConnectionState.draft:
        return [Lack("draft", "This is a draft: validate its address and press Done.")]
    if connection.state == ConnectionState.paused:
        return [Lack("paused", "This connection is paused: resume it when its visits shall run again.")]
    if connection.environment == Environment.production and connection.state != ConnectionState.live:
        if connection.state == ConnectionState.tested:
            return [Lack("live", "A test launch worked: switch the connection on.")]
        return [Lack("live", "Open Housecall once from a chart in this EHR, then switch the connection on.")]
    return []


def _of_texts(connection: Connection) -> list[Lack]:
    match may_text(connection):
        case "no_consent":
            sentence = "Give both consents in the step Messages, if patients shall get texts."
            return [Lack("no_consent", sentence, is_needed=False)]
        case "no_number":
            sentence = "Link a number in the step Messages, if patients shall get texts."
            return [Lack("no_number", sentence, is_needed=False)]
        case _ if connection.environment == Environment.test and not connection.texts_to:
            sentence = "List the numbers that this test connection may text: until then it texts nobody."
            return [Lack("texts_to", sentence, is_needed=False)]
        case _:
            return []
