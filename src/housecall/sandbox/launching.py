"""Opening Housecall from a chart or from the patient portal."""

from urllib.parse import urlencode

from housecall.sandbox.auth.grants import Launch
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House


def launch_for(
    house: House,
    *,
    patient: str,
    practitioner: str | None = None,
    appointment: str | None = None,
    persona: str = "provider",
) -> Launch:
    """A fresh launch with its context: whose chart, who is signed in, and the encounter at hand."""
    if persona not in ("provider", "patient"):
        raise RequestRefused("persona is provider or patient.")
    world = house.world
    visit = world.appointment(appointment) if appointment else world.find_next_of_patient(patient)
    if appointment and visit and visit.patient != patient:
        raise RequestRefused("The appointment is another patient's.")
    acting = practitioner or (visit.practitioner if visit else next(iter(world.record.practitioners)))
    world.practitioner(acting)
    return house.grants.new_launch(
        persona=persona,
        user=acting if persona == "provider" else patient,
        patient=patient,
        encounter=visit.encounter if visit else None,
        appointment=appointment,
    )


def launch_link(house: House, launch: Launch) -> str:
    """The address the EHR opens."""
    base = house.launch_url if launch.persona == "provider" else house.patient_launch_url
    separator = "&" if "?" in base else "?"
    return base + separator + urlencode({"iss": house.options.fhir_base, "launch": launch.code})
