"""A connection's address looked at, with what we know ourselves: other environments, and what is on record."""

from dataclasses import dataclass, replace
from typing import Final

from housecall.db.database import Database
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import ClientKind, Vendor
from housecall.ehr.environments import environment_hint
from housecall.ehr.findings import ValidationResult
from housecall.ehr.outward import Outward
from housecall.ehr.validation import validate
from housecall.kit.clock import Clock
from housecall.kit.findings import Finding, Level
from housecall.kit.ids import OrgId
from housecall.tenancy import store
from housecall.tenancy.model import Environment
from housecall.tenancy.tables import Connection

_MEND: Final = "Give the {wanted} system's address, or declare the connection for {other}."


@dataclass(frozen=True)
class Question:
    """The address, and what it is meant for."""

    base_url: str
    environment: Environment
    client_kind: ClientKind = ClientKind.symmetric
    vendor: Vendor | None = None
    release_confirmed: bool = False
    """Whether whoever asks confirms the release now; what was confirmed before counts as well."""


async def examine(
    database: Database,
    org_id: OrgId | None,
    question: Question,
    *,
    network: NetworkRules,
    clock: Clock,
    outward: Outward | None = None,
) -> ValidationResult:
    """All findings about the address, for an organisation; None for one that is about to be made."""
    base_url = question.base_url.strip().rstrip("/")
    same: list[Connection] = []
    if org_id is not None:
        async with database.work() as work:
            found = await store.list_connections_by_base_url(work, base_url)
        same = [one for one in found if one.org_id == org_id]
    declared = next((one for one in same if one.environment == question.environment), None)
    result = await validate(
        base_url,
        network=network,
        clock=clock,
        client_kind=question.client_kind,
        vendor=question.vendor,
        release_confirmed=question.release_confirmed or _is_confirmed(declared),
        outward=outward,
    )
    if any(finding.code == "address" for finding in result.findings):
        return result
    twin = next((one for one in same if one.environment != question.environment), None)
    finding = environment_finding(base_url, question.environment, twin)
    return replace(result, findings=(*result.findings, finding))


def _is_confirmed(connection: Connection | None) -> bool:
    return connection is not None and connection.release_confirmed_at is not None


def environment_finding(base_url: str, environment: Environment, twin: Connection | None) -> Finding:
    """Whether the address fits the environment; one that does not is named together with what it looks like.

    ``twin``: the same organisation's connection of the same address in the other environment.
    """
    other = Environment.test if environment is Environment.production else Environment.production
    mend = _MEND.format(wanted=environment, other=other)
    if twin is not None:
        return Finding(
            "environment",
            Level.warn,
            f"{base_url} is already the address of the {other} connection {twin.id}, and is now meant for"
            f" {environment}.",
            mend,
        )
    if environment_hint(base_url) == other:
        return Finding(
            "environment",
            Level.warn,
            f"{base_url} looks like the address of a {other} system, but the connection is for {environment}.",
            mend,
        )
    return Finding(
        "environment", Level.ok, f"Nothing in the address speaks against a {environment} connection."
    )
