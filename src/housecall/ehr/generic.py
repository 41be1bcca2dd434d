"""Any EHR that keeps to SMART App Launch and FHIR R4: nothing beyond the standard is assumed.

A status can be changed by the standard's JSON Patch, if a connection switches that on; links have no place in R4
that every server keeps.
"""

from typing import Final

from housecall.ehr.base import Vendor, Writing
from housecall.ehr.profile import VendorProfile

GENERIC: Final = VendorProfile(
    vendor=Vendor.generic,
    title="Another EHR with SMART on FHIR",
    needs_actor=False,
    batch_size=30,
    writes=frozenset({Writing.status}),
)
