"""The appointment of a visit: read from the EHR, or stood in for where the visit was begun without one."""

from dataclasses import dataclass

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import (
    Appointment,
    AppointmentRef,
    AppointmentStatus,
    EhrClient,
    PatientRef,
    PractitionerRef,
    Tokens,
)
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer, open_apart
from housecall.visits.desk import Desk
from housecall.visits.model import is_instant
from housecall.visits.store_instant import find_instant
from housecall.visits.tables import Visit
from housecall.visits.tables_instant import InstantVisit

SERVICE = "Without an appointment"


@dataclass(frozen=True)
class Reading:
    """How appointments are read for one request: the desk, the database, the EHR, and as whom."""

    desk: Desk
    database: Database
    client: EhrClient
    tokens: Tokens


async def read_booking(reading: Reading, visit: Visit) -> Appointment:
    """The visit's appointment as the EHR has it; raises an EhrError. Of an instant visit, what is known of it."""
    if not is_instant(visit.appointment_ref):
        ref = AppointmentRef(visit.appointment_ref)
        return await reading.client.read_appointment(ref, tokens=reading.tokens)
    async with reading.database.work() as work:
        return await stand_in(work, reading.desk.sealer, visit)


async def stand_in(work: Work, sealer: Sealer, visit: Visit) -> Appointment:
    """What an appointment would say, for a visit that has none; its patient is None where nobody knows."""
    kept = await find_instant(work, OrgId(visit.org_id), visit.connection_id, visit.appointment_ref)
    return Appointment(
        ref=AppointmentRef(visit.appointment_ref),
        version=visit.appointment_version,
        status=AppointmentStatus.booked,
        start=visit.starts_at,
        end=visit.ends_at,
        patient=patient_of(sealer, kept) if kept is not None else None,
        practitioners=(PractitionerRef(visit.clinician_ref),) if visit.clinician_ref else (),
        locations=(),
        is_virtual=True,
        service=SERVICE,
    )


def patient_of(sealer: Sealer, kept: InstantVisit) -> PatientRef:
    """The EHR's id of the patient; raises SealBroken."""
    plain = open_apart(sealer, kept.patient_sealed, kept.key_sealed, purpose=purpose_of(kept.appointment_ref))
    return PatientRef(plain)


def purpose_of(ref: str) -> str:
    """What the patient of that visit is sealed for."""
    return f"instant:{ref}"
