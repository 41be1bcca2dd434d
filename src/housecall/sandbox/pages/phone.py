"""Every make-believe phone on one page, and the mailbox beside it; both newest first."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.pages.frame import live_page, own_address
from housecall.sandbox.people import Patient
from housecall.sandbox.texts.gateway import MAGIC, reply
from housecall.sandbox.world import Mail, Text

_MOST: Final = 200
_MOST_PHONES: Final = 60


@dataclass(frozen=True)
class Handset:
    """One phone in the list: its number, whose it is, and the newest text on it."""

    number: str
    owner: Patient | None
    last: Text

    @property
    def name(self) -> str:
        return self.owner.name if self.owner else "Unknown phone"

    @property
    def initials(self) -> str:
        return self.owner.given[0] + self.owner.family[0] if self.owner else "?"


async def phone(request: Request) -> Response:
    """The newest texts of all phones, or of one."""
    house = house_of(request)
    number = _read_number(request.query_params.get("to", ""))
    owners = {phone.number: each for each in house.world.record.patients.values() for phone in each.phones}
    owner = owners.get(number)
    return live_page(
        request,
        "phone.html",
        "_phone.html",
        title="Phone",
        now=house.clock.now(),
        texts=list(islice(_newest(house, number), _MOST)),
        owners=owners,
        owner_name=owner.name if owner else "Unknown phone",
        phones=_handsets(house, owners),
        number=number,
        live=own_address(request),
    )


def _handsets(house: House, owners: dict[str, Patient]) -> list[Handset]:
    """The phones that have a text, the one with the newest first."""
    newest: dict[str, Text] = {}
    for text in _newest(house, ""):
        newest.setdefault(text.sender if text.is_reply else text.to, text)
    listed = islice(newest.items(), _MOST_PHONES)
    return [Handset(number, owners.get(number), text) for number, text in listed]


def _newest(house: House, number: str) -> list[Text]:
    """What has reached a phone or was written on one; a text that failed reached none."""
    return [
        text
        for text in reversed(house.world.record.texts.values())
        if (text.is_reply or text.to[-4:] not in MAGIC) and number in ("", text.to, text.sender)
    ]


def _read_number(text: str) -> str:
    """A number from a query, where a bare plus sign has become a space."""
    digits = text.strip()
    return f"+{digits}" if digits and not digits.startswith("+") else digits


async def write_reply(request: Request) -> Response:
    """An answer typed on a phone goes to whoever wrote to it last."""
    house = house_of(request)
    form = await request.form()
    number, body = _read_number(str(form.get("from", ""))), str(form.get("body", "")).strip()
    got = [each for each in _newest(house, number) if not each.is_reply and number in ("", each.to)]
    if not got or not body:
        raise RequestRefused("An answer needs words, and a text to answer.")
    reply(house, sender=got[0].to, to=got[0].sender, body=body)
    return RedirectResponse(f"/phone?to=%2B{number[1:]}" if number else "/phone", 303)


async def mail(request: Request) -> Response:
    """The newest letters of all people, or of one."""
    house = house_of(request)
    to = request.query_params.get("to", "").strip()
    letters = [each for each in reversed(house.world.record.mails) if to in ("", each.to)]
    return live_page(
        request,
        "mail.html",
        "_mail_messages.html",
        title="Mail",
        to=to,
        letters=letters[:_MOST],
        live=own_address(request),
    )


async def mail_html(request: Request) -> Response:
    """The letter's HTML part as it came, in a page that can do nothing."""
    safe = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(_letter(request).html, headers={"Content-Security-Policy": safe})


async def mail_calendar(request: Request) -> Response:
    """The letter's calendar file."""
    return Response(_letter(request).calendar, media_type="text/calendar")


def _letter(request: Request) -> Mail:
    wanted = request.path_params["mail_id"]
    for each in house_of(request).world.record.mails:
        if each.id == wanted:
            return each
    raise RequestRefused("There is no such letter.", status=404)


ROUTES = [
    Route("/phone", phone),
    Route("/phone/reply", write_reply, methods=["POST"]),
    Route("/mail", mail),
    Route("/mail/{mail_id}/html", mail_html),
    Route("/mail/{mail_id}/visit.ics", mail_calendar),
]
