"""Where Twilio tells what became of a text and what was replied: the signature is checked, and the work queued."""

import base64
import hashlib
import hmac
import logging
import uuid
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.carriers import account_purpose
from housecall.messaging.errors import SignatureInvalid
from housecall.messaging.jobs import APPLY_RECEIPT
from housecall.messaging.model import MessageState
from housecall.messaging.number_store import list_accounts_named
from housecall.messaging.providers.twilio_words import read_reason, read_state
from housecall.web.audience import Audience
from housecall.web.hooks import take_reply
from housecall.web.house import House, house_of

log = logging.getLogger(__name__)

# A notification with a long text is some four kilobytes.
_LARGEST_BODY: Final = 64 * 1024
_NO_ANSWER: Final = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


async def signed_form(request: Request) -> dict[str, str]:
    """The guard: the form, proven to come from Twilio; raises SignatureInvalid.

    Twilio signs the address it calls and the sorted fields with the account's token (HMAC-SHA1).
    """
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > _LARGEST_BODY:
        raise SignatureInvalid
    form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
    house = house_of(request)
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{house.public_url}{request.url.path}{query}"
    signature = request.headers.get("x-twilio-signature", "")
    for token in await _tokens(house, form.get("AccountSid", "")):
        if hmac.compare_digest(sign(token, address, form), signature):
            return form
    raise SignatureInvalid


def sign(token: str, address: str, form: Mapping[str, str]) -> str:
    """Twilio's signature of a form posted to ``address``."""
    signed = address + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


async def _tokens(house: House, account: str) -> list[str]:
    """The tokens this account may sign with: the deployment's, and those of organisations that named it."""
    settings = house.settings
    tokens = []
    if account and account == settings.text("HOUSECALL_TWILIO_ACCOUNT_SID"):
        tokens.append(settings.text("HOUSECALL_TWILIO_AUTH_TOKEN"))
    async with house.database.work() as work:
        rows = await list_accounts_named(work, "twilio", account)
    return tokens + [
        house.sealer.open(row.secret_sealed, purpose=account_purpose(OrgId(row.org_id))) for row in rows
    ]


routes = Audience("hooks of Twilio", guard=signed_form)
Form = Annotated[dict[str, str], Depends(signed_form)]


@routes.post("/hooks/twilio", include_in_schema=False)
async def notified(request: Request, form: Form, reference: uuid.UUID | None = None) -> Response:
    """A receipt (``MessageStatus``) or a reply (``Body``) is in the queue when this answers."""
    house = house_of(request)
    async with house.database.work() as work:
        if "MessageStatus" in form:
            await _take_receipt(house, work, form, str(reference or ""))
        elif "Body" in form and "From" in form and "To" in form:
            await take_reply(
                house, work, sender=form["From"], to=form["To"], body=form["Body"], at=house.clock.now()
            )
        else:
            log.warning("Twilio told something we do not know.")
    # Twilio reads the answer as what to say back: nothing, we answer HELP ourselves.
    return Response(_NO_ANSWER, media_type="text/xml")


async def _take_receipt(house: House, work: Work, form: Mapping[str, str], reference: str) -> None:
    state = read_state(form["MessageStatus"])
    code = form.get("ErrorCode", "")
    await work.enqueue(
        APPLY_RECEIPT,
        provider="twilio",
        reference=reference,
        provider_id=form.get("MessageSid", ""),
        state=state.value,
        reason=read_reason(int(code) if code.isdigit() else None).value
        if state is MessageState.failed
        else None,
        at=house.clock.now().isoformat(),
    )
