"""Which client a connection's launches are made with."""

from typing import Any

import pytest

from housecall.ehr.base import ClientKind, EhrEndpoint
from housecall.tenancy.directory import EhrDirectory
from tests.visits.clinic import Clinic, open_clinic


@pytest.fixture
async def clinic(database: Any, clock: Any, sealer: Any) -> Clinic:
    return await open_clinic(database, clock, sealer)


def endpoint_of(clinic: Clinic, persona: Any) -> EhrEndpoint:
    directory = clinic.desk.ehr
    assert isinstance(directory, EhrDirectory)
    found: EhrEndpoint = directory.client_of(clinic.connection, persona)._endpoint  # type: ignore[attr-defined]
    return found


async def test_without_a_portal_of_its_own_patients_launch_by_the_clinicians_client(clinic: Clinic) -> None:
    assert endpoint_of(clinic, "patient") == endpoint_of(clinic, "practitioner")


@pytest.mark.parametrize(
    ("kind", "secret", "expected"),
    [
        ("symmetric", None, ClientKind.public),
        ("public", "a-secret", ClientKind.symmetric),
        ("asymmetric", None, ClientKind.asymmetric),
        ("asymmetric", "a-secret", ClientKind.symmetric),
    ],
)
async def test_a_portals_own_base_and_client_are_used_for_patients_alone(
    clinic: Clinic, kind: str, secret: str | None, expected: ClientKind
) -> None:
    connection, sealer = clinic.connection, clinic.desk.sealer
    connection.client_kind, connection.patient_base_url = kind, "http://127.0.0.1:9/patients"
    connection.patient_client_id = "portal-app"
    if secret:
        connection.patient_client_secret_sealed = sealer.seal(secret, purpose=f"connection:{connection.id}")

    of_patients, of_clinicians = (endpoint_of(clinic, who) for who in ("patient", "practitioner"))

    assert (of_patients.base_url, of_patients.client_id) == ("http://127.0.0.1:9/patients", "portal-app")
    assert (of_patients.client_kind, of_patients.client_secret) == (expected, secret)
    assert of_patients.system_client_id is None
    assert (of_clinicians.base_url, of_clinicians.client_id) == (connection.base_url, connection.client_id)


async def test_a_portals_base_alone_keeps_the_clinicians_client(clinic: Clinic) -> None:
    clinic.connection.patient_base_url = "http://127.0.0.1:9/patients"

    found = endpoint_of(clinic, "patient")

    assert (found.base_url, found.client_id) == ("http://127.0.0.1:9/patients", clinic.connection.client_id)
    assert found.client_kind is endpoint_of(clinic, "practitioner").client_kind
