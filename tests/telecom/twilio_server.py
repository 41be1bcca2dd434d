"""A local Twilio: refuses what the real one refuses, with its status and its error code."""

import base64
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SID, TOKEN = "AC" + "0" * 31 + "1", "twilio-auth-token"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_BASE = "/2010-04-01/Accounts/{account}"
_KINDS = {"TollFree": "+1833555", "Local": "+1312555", "Mobile": "+4479110"}


class Refused(Exception):
    """What Twilio answers instead."""

    def __init__(self, status: int, code: int) -> None:
        self.status, self.code = status, code


@dataclass
class Twilio:
    """The account's texts and numbers; ``faults`` holds what happens to a text to this number."""

    faults: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    stock: dict[str, list[str]] = field(default_factory=dict)
    # Toll-free forms by number's sid; messaging services with their numbers and campaigns; brands.
    verifications: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    brands: list[dict[str, Any]] = field(default_factory=list)
    purchases: int = 0
    loses_purchase: bool = False
    down: bool = False
    url: str = ""

    def __post_init__(self) -> None:
        self.add("+18335550100")
        for kind, start in _KINDS.items():
            self.stock.setdefault(kind, [f"{start}{place:04d}" for place in range(200, 203)])

    def add(self, number: str, name: str = "", sms_url: str = "") -> dict[str, Any]:
        row = {
            "sid": "PN" + uuid.uuid4().hex, "account_sid": SID, "phone_number": number,
            "friendly_name": name, "sms_url": sms_url, "date_created": _now(), "date_updated": _now(),
        }  # fmt: skip
        self.numbers[row["sid"]] = row
        return row

    def app(self) -> Starlette:
        """The routes of the account."""
        routes = [
            Route(_BASE + "/Messages.json", self._send, methods=["POST"]),
            Route(_BASE + "/Messages.json", self._list, methods=["GET"]),
            Route(_BASE + "/AvailablePhoneNumbers/{country}/{kind}.json", self._offers, methods=["GET"]),
            Route(_BASE + "/IncomingPhoneNumbers.json", self._buy, methods=["POST"]),
            Route(_BASE + "/IncomingPhoneNumbers.json", self._own, methods=["GET"]),
            Route(_BASE + "/IncomingPhoneNumbers/{sid}.json", self._one, methods=["GET", "DELETE"]),
            Route("/v1/Tollfree/Verifications", self._forms, methods=["GET"]),
            Route("/v1/Services", self._services, methods=["GET"]),
            Route("/v1/Services/{service}/PhoneNumbers/{sid}", self._sender, methods=["GET"]),
            Route("/v1/Services/{service}/Compliance/Usa2p", self._campaigns, methods=["GET"]),
            Route("/v1/a2p/BrandRegistrations", self._brands, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={Refused: _say, 404: _no_such, 405: _no_such})

    async def _form(self, request: Request) -> dict[str, str]:
        self._check(request)
        if not request.headers["content-type"].startswith("application/x-www-form-urlencoded"):
            raise Refused(400, 20001)
        return {key: str(value) for key, value in (await request.form()).items()}

    def _check(self, request: Request) -> None:
        if self.down:
            raise Refused(503, 20503)
        given = request.headers.get("authorization", "")
        if given != "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode():
            raise Refused(401, 20003)
        if request.path_params.get("account", SID) != SID:
            raise Refused(404, 20404)

    async def _send(self, request: Request) -> Response:
        form = await self._form(request)
        to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        for value, code in ((to, 21604), (sender, 21603), (body, 21602)):
            if not value:
                raise Refused(400, code)
        if not _E164.fullmatch(to):
            raise Refused(400, 21211)
        if sender not in [number["phone_number"] for number in self.numbers.values()]:
            raise Refused(400, 21659)
        if len(body) > 1600:
            raise Refused(400, 21617)
        if not form.get("StatusCallback", "http://x").startswith("http"):
            raise Refused(400, 21609)
        fault = self.faults.get(to, "")
        if fault == "busy":
            raise Refused(429, 20429)
        if fault == "away":
            raise Refused(503, 20503)
        if fault.isdigit():
            raise Refused(400, int(fault))
        message = {
            "sid": "SM" + uuid.uuid4().hex, "account_sid": SID, "to": to, "from": sender, "body": body,
            "status": "queued", "error_code": None, "direction": "outbound-api", "date_created": _now(),
            "date_updated": _now(), "date_sent": None, "callback": form.get("StatusCallback"),
        }  # fmt: skip
        self.messages.insert(0, message)
        if fault == "broken":
            raise Refused(500, 20500)
        return JSONResponse(message, 201)

    async def _list(self, request: Request) -> Response:
        self._check(request)
        asked = request.query_params
        found = [
            one
            for one in self.messages
            if asked.get("To", one["to"]) == one["to"] and asked.get("From", one["from"]) == one["from"]
        ]
        return _page("messages", found[: int(asked.get("PageSize", 50))])

    async def _offers(self, request: Request) -> Response:
        self._check(request)
        kind = request.path_params["kind"]
        if kind not in _KINDS or request.path_params["country"] not in ("US", "CA", "GB", "DK"):
            raise Refused(404, 20404)
        if request.query_params.get("SmsEnabled") != "true":
            raise Refused(400, 20001)
        mine = {number["phone_number"] for number in self.numbers.values()}
        offers = [
            {"phone_number": one, "iso_country": "US"} for one in self.stock.get(kind, []) if one not in mine
        ]
        return _page("available_phone_numbers", offers)

    async def _buy(self, request: Request) -> Response:
        form = await self._form(request)
        number = form.get("PhoneNumber", "")
        mine = {one["phone_number"] for one in self.numbers.values()}
        if number in mine or not any(number in stock for stock in self.stock.values()):
            raise Refused(400, 21422)
        if not form.get("SmsUrl", "").startswith("http"):
            raise Refused(400, 21502)
        self.purchases += 1
        row = self.add(number, form.get("FriendlyName", ""), form["SmsUrl"])
        if self.loses_purchase:
            self.loses_purchase = False
            raise Refused(500, 20500)
        return JSONResponse(row, 201)

    async def _own(self, request: Request) -> Response:
        self._check(request)
        asked = request.query_params
        found = [
            one
            for one in self.numbers.values()
            if asked.get("FriendlyName", one["friendly_name"]) == one["friendly_name"]
            and asked.get("PhoneNumber", one["phone_number"]) == one["phone_number"]
        ]
        return _page("incoming_phone_numbers", found)

    async def _one(self, request: Request) -> Response:
        self._check(request)
        found = self.numbers.get(request.path_params["sid"])
        if found is None:
            raise Refused(404, 20404)
        if request.method == "DELETE":
            del self.numbers[found["sid"]]
            return Response(status_code=204)
        return JSONResponse(found)

    def serve(self, *numbers: str, campaigns: list[dict[str, Any]] | None = None) -> str:
        """A messaging service with these numbers, by their sids, and these campaigns."""
        sid = "MG" + uuid.uuid4().hex
        self.services[sid] = {"numbers": numbers, "campaigns": campaigns or []}
        return sid

    async def _forms(self, request: Request) -> Response:
        self._check(request)
        sid = request.query_params.get("TollfreePhoneNumberSid", "")
        form = self.verifications.get(sid)
        rows = [{"sid": "HH" + "0" * 32, "tollfree_phone_number_sid": sid} | form] if form else []
        return _meta("verifications", rows)

    async def _services(self, request: Request) -> Response:
        self._check(request)
        rows = [
            {
                "sid": sid,
                "us_app_to_person_registered": any(
                    c["campaign_status"] == "VERIFIED" for c in one["campaigns"]
                ),
            }
            for sid, one in self.services.items()
        ]
        return _meta("services", rows)

    async def _sender(self, request: Request) -> Response:
        self._check(request)
        service = self.services.get(request.path_params["service"])
        sid = request.path_params["sid"]
        if service is None or sid not in service["numbers"]:
            raise Refused(404, 20404)
        return JSONResponse({"sid": sid, "phone_number": self.numbers[sid]["phone_number"]})

    async def _campaigns(self, request: Request) -> Response:
        self._check(request)
        service = self.services.get(request.path_params["service"])
        if service is None:
            raise Refused(404, 20404)
        return _meta("compliance", service["campaigns"])

    async def _brands(self, request: Request) -> Response:
        self._check(request)
        return _meta("data", self.brands)


def _now() -> str:
    return format_datetime(datetime.now(UTC))


def _page(key: str, rows: list[dict[str, Any]]) -> Response:
    return JSONResponse({key: rows, "page": 0, "page_size": 50, "next_page_uri": None})


def _meta(key: str, rows: list[dict[str, Any]]) -> Response:
    return JSONResponse({key: rows, "meta": {"page": 0, "page_size": 50, "next_page_url": None, "key": key}})


async def _say(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    body = {"code": refused.code, "message": "Twilio says no.", "status": refused.status}
    return JSONResponse(body, refused.status)


async def _no_such(request: Request, exc: Exception) -> Response:
    return JSONResponse({"code": 20404, "message": "No such resource.", "status": 404}, 404)
