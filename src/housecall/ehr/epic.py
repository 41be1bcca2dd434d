"""Epic, as far as it goes without documents behind a login: launches and reads of one patient's appointments.

A clinic's schedule does not come over FHIR search but over an outbound scheduling interface, which is not
built; so listing raises FeedUnsupported instead of returning an empty schedule. No batches are assumed.
"""

from typing import Final

from housecall.ehr.base import Vendor
from housecall.ehr.profile import VendorProfile

EPIC: Final = VendorProfile(vendor=Vendor.epic, lists_appointments=False, ids_per_search=1)
