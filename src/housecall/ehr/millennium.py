"""Oracle Health Millennium, R4.

Wildcard scopes are silently dropped and too many are refused, so each is named and few are asked.
Appointments are searched by exactly one of patient, practitioner and location. System-level interactions:
batch only. The id_token of some tenants names an issuer below the tenant's advertised one, and provider and
patient hosts share their paths. Links, status and notes can be written; notes under the clinician's own token.

Source: vendor documentation and the sandbox's live metadata.
"""

from typing import Final

from housecall.ehr.base import Vendor, Writing
from housecall.ehr.profile import VendorProfile
from housecall.ehr.scopes import CLINICIAN_SCOPES, NOTE_SCOPES

MILLENNIUM: Final = VendorProfile(
    vendor=Vendor.millennium,
    title="Oracle Health Millennium (Cerner)",
    known_by=("millennium", "cerner", "oracle health"),
    clinician_scopes=CLINICIAN_SCOPES | NOTE_SCOPES,
    writes=frozenset({Writing.links, Writing.status, Writing.notes}),
    needs_actor=True,
    batch_size=30,
    may_sign_under_issuer=True,
    takes_activity=True,
    users_on_other_hosts=True,
)
