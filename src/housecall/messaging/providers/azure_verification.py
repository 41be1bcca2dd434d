"""What the carriers say of an Azure number's sender, by the resource's toll-free verification briefs.

Source: Azure Communication Services, Toll Free Verification Service 2023-01-10-preview1. Its briefs are for toll-free
numbers; of long codes' brands and campaigns no interface tells, only the Azure portal.
"""

import logging
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from housecall.messaging.number_model import NumberKind, Verification
from housecall.messaging.number_model import VerificationFault as Fault
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.numbers import Verified
from housecall.messaging.providers.verdicts import read_notes

log = logging.getLogger(__name__)

VERSION: Final = "2023-01-10-preview1"
BRIEFS: Final = {
    "draft": Verification.needed,
    "submitted": Verification.pending,
    "updateRequested": Verification.rejected,
    "approved": Verification.approved,
    "denied": Verification.rejected,
    "cancelled": Verification.needed,
}
_PATH: Final = "/tollfreeVerification"
_PAGE: Final = 100
# A page holds a hundred briefs; a resource with more than a thousand is none of a hospital.
_MOST_PAGES: Final = 10


async def verification_of(pipeline: Any, number: str, kind: NumberKind) -> Verified:
    """What the carriers say, asked through the SDK's own pipeline; raises ProviderUnavailable."""
    if kind is not NumberKind.toll_free:
        return Verified(Verification.unknown)
    brief = await _brief_of(pipeline, number.removeprefix("+"))
    if brief is None:
        return Verified(Verification.unknown)
    if not brief:
        return Verified(Verification.needed)
    state = BRIEFS.get(str(brief.get("status")))
    if state is None:
        log.error("Azure used a word for a verification that is not in our table.")
        return Verified(Verification.unknown)
    if state is Verification.needed and brief.get("status") == "cancelled":
        return Verified(state, (Fault.withdrawn,))
    if state is not Verification.rejected:
        return Verified(state)
    country, id_ = (quote(str(brief.get(name)), safe="") for name in ("countryCode", "id"))
    whole = await _get(pipeline, f"{_PATH}/countries/{country}/campaignBriefs/{id_}")
    return Verified(state, read_notes((whole or {}).get("reviewNotes")))


async def _brief_of(pipeline: Any, digits: str) -> dict[str, Any] | None:
    """The number's brief, empty when it has none; None where the resource does not tell."""
    for page in range(_MOST_PAGES):
        body = await _get(pipeline, f"{_PATH}/campaignBriefs", skip=page * _PAGE, top=_PAGE)
        if body is None:
            return None
        briefs = [one for one in body.get("campaignBriefSummaries") or [] if isinstance(one, dict)]
        for brief in briefs:
            if digits in [str(one).removeprefix("+") for one in brief.get("phoneNumbers") or []]:
                return brief
        if len(briefs) < _PAGE:
            break
    return {}


async def _get(pipeline: Any, path: str, **params: int) -> dict[str, Any] | None:
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    request = HttpRequest("GET", "{endpoint}" + path, params={**params, "api-version": VERSION})
    try:
        answer = await pipeline.send_request(request)
        body = answer.json() if answer.status_code == HTTPStatus.OK else None
    except (AzureError, ValueError):
        raise ProviderUnavailable(is_fate_unknown=False) from None
    if (
        answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    ):
        raise ProviderUnavailable(is_fate_unknown=False)
    if not isinstance(body, dict):
        log.warning("Azure did not tell of verifications.", extra={"status": answer.status_code})
        return None
    return body
