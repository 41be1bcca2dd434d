"""Epic, as far as it goes without documents behind a login.

A clinic's schedule does not come over FHIR search but over the outbound schedule interface, whose messages call
an appointment by its contact serial number (CSN), an identifier of the FHIR record. Records have no versions, no
batches are assumed, scopes are what the app is registered for, access without a person is proved by RS384, and
there is no session to prolong: a launch's token lasts an hour. Who is in a visit is told by a call of Epic's own,
which moves the icons in the clinician's schedule.

Source: one public sample of that call; its method and the numbers below are to be compared with Epic's own
documentation before the first connection (docs/how-to/connect-epic.md).
"""

from typing import Final

from housecall.ehr.base import EhrEndpoint, Presence, Vendor, Writing
from housecall.ehr.errors import WriteRefused
from housecall.ehr.fields import Record, records, reference_to, text
from housecall.ehr.profile import OwnCall, VendorProfile
from housecall.ehr.scopes import CLINICIAN_SCOPES

_STATUS_CALL: Final = "/epic/2018/Telehealth/ContextLinking/SetExternalConnectionStatus"
_METHOD: Final = "PUT"
_CONNECTED, _DISCONNECTED = "1", "2"
_PATIENT_ID, _USER_ID = "1", "2"
_VENDOR_NAME: Final = "Housecall"
# Every site has a root of its own before this tail.
_CSN: Final = ".698084.8"


def presence_call(endpoint: EhrEndpoint, appointment: Record, presence: Presence) -> OwnCall:
    """The call that says it; raises WriteRefused for an appointment without a CSN or a patient."""
    conference = csn_of(appointment)
    who = presence.user or _patient_of(appointment)
    if conference is None or who is None:
        raise WriteRefused("The appointment names no contact serial number (CSN), or no patient.")
    return OwnCall(
        method=_METHOD,
        url=endpoint.base_url.rstrip("/").partition("/FHIR/")[0] + _STATUS_CALL,
        params={
            "ConferenceID": conference,
            "ExternalID": who,
            "ExternalIDType": _USER_ID if presence.user else _PATIENT_ID,
            "VendorName": _VENDOR_NAME,
            "ConnectionStatus": _CONNECTED if presence.is_connected else _DISCONNECTED,
        },
        headers={"Epic-Client-ID": endpoint.system_client_id or ""},
    )


def csn_of(appointment: Record) -> str | None:
    """The appointment's contact serial number."""
    for identifier in records(appointment.get("identifier")):
        if (text(identifier.get("system")) or "").endswith(_CSN):
            return text(identifier.get("value"))
    return None


def _patient_of(appointment: Record) -> str | None:
    actors = [who.get("actor") for who in records(appointment.get("participant"))]
    return next((found for actor in actors if (found := reference_to("Patient", actor))), None)


EPIC: Final = VendorProfile(
    vendor=Vendor.epic,
    title="Epic",
    known_by=("epic", "epic systems"),
    clinician_scopes=CLINICIAN_SCOPES - {"online_access"},
    write_back_scopes=frozenset(),
    writes=frozenset({Writing.presence}),
    lists_appointments=False,
    ids_per_search=1,
    signs_with="RS384",
    told_by_identifier=True,
    presence_call=presence_call,
)
