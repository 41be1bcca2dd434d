"""Any EHR that keeps to SMART App Launch and FHIR R4: nothing beyond the standard is assumed."""

from typing import Final

from housecall.ehr.base import Vendor
from housecall.ehr.profile import VendorProfile

GENERIC: Final = VendorProfile(vendor=Vendor.generic, needs_actor=False, batch_size=30)
