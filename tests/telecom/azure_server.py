"""A local Azure Communication Services: checks the signature of every request, and knows repeats."""

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = base64.b64encode(b"an access key of thirty-two byte").decode()
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_KINDS = {"tollFree": "+1833555", "geographic": "+1312555", "mobile": "+4479110"}


class Refused(Exception):
    """What the service answers instead."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        self.status, self.code, self.headers = status, code, headers


@dataclass
class Azure:
    """The resource's texts and numbers; ``faults`` holds what happens to a text to this number."""

    faults: dict[str, str] = field(default_factory=dict)
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=lambda: ["+18335550100"])
    searches: dict[str, str] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    stock: dict[str, list[str]] = field(default_factory=dict)
    # Toll-free verification briefs; None: a resource whose version of the service has none.
    briefs: list[dict[str, Any]] | None = field(default_factory=list)
    # Purchases fail with this code, or hang for so many questions.
    fails_with: str = ""
    polls: int = 0
    purchases: int = 0
    loses_purchase: bool = False
    down: bool = False

    def __post_init__(self) -> None:
        for kind, start in _KINDS.items():
            self.stock.setdefault(kind, [f"{start}{place:04d}" for place in range(200, 203)])

    def app(self) -> Starlette:
        """The routes of the resource."""
        available = "/availablePhoneNumbers"
        routes = [
            Route("/sms", self._send, methods=["POST"]),
            Route(available + "/countries/{country}/:search", self._search, methods=["POST"]),
            Route(available + "/searchResults/{id}", self._result, methods=["GET"]),
            Route(available + "/:purchase", self._buy, methods=["POST"]),
            Route("/phoneNumbers/operations/{id}", self._operation, methods=["GET"]),
            Route("/tollfreeVerification/campaignBriefs", self._briefs, methods=["GET"]),
            Route(
                "/tollfreeVerification/countries/{country}/campaignBriefs/{id}", self._brief, methods=["GET"]
            ),
            Route("/phoneNumbers/{number}", self._one, methods=["GET", "DELETE"]),
        ]
        return Starlette(routes=routes, exception_handlers={Refused: _say})

    async def _check(self, request: Request) -> None:
        if self.down:
            raise Refused(503, "ServiceUnavailable")
        if not request.query_params.get("api-version"):
            raise Refused(400, "MissingApiVersion")
        body = await request.body()
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        date, host = request.headers.get("x-ms-date", ""), request.headers["host"]
        target = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
        signed = f"{request.method}\n{target}\n{date};{host};{digest}"
        mac = base64.b64encode(
            hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
        ).decode()
        wanted = f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={mac}"
        age = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()) if date else 9999
        if request.headers.get("authorization") != wanted or age > 300:
            raise Refused(401, "Denied")

    async def _send(self, request: Request) -> Response:
        await self._check(request)
        body = await request.json()
        sender, message = body.get("from"), body.get("message")
        if not sender or message is None or not body.get("smsRecipients"):
            raise Refused(400, "BadRequest")
        if sender not in self.numbers:
            raise Refused(401, "Unauthorized")
        results = [self._take(one, body) for one in body["smsRecipients"]]
        return JSONResponse({"value": results}, 202)

    def _take(self, recipient: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        to, repeat = recipient["to"], recipient.get("repeatabilityRequestId", "")
        uuid.UUID(repeat)
        parsedate_to_datetime(recipient["repeatabilityFirstSent"])
        if repeat in self.texts:
            known = self.texts[repeat]
            return _taken(to, known["messageId"])
        fault = self.faults.get(to, "")
        if fault == "busy":
            raise Refused(429, "TooManyRequests", **{"Retry-After": "7"})
        if fault == "away":
            raise Refused(503, "ServiceUnavailable")
        if fault.isdigit() or not _E164.fullmatch(to):
            status = int(fault or 400)
            return {"to": to, "httpStatusCode": status, "successful": False, "errorMessage": "No."}
        options = body.get("smsSendOptions") or {}
        self.texts[repeat] = {
            "messageId": f"Outgoing_{uuid.uuid4()}", "to": to, "body": body["message"],
            "from": body["from"], "tag": options.get("tag"), "report": options.get("enableDeliveryReport"),
        }  # fmt: skip
        if fault == "broken":
            raise Refused(500, "InternalServerError")
        return _taken(to, self.texts[repeat]["messageId"])

    async def _search(self, request: Request) -> Response:
        await self._check(request)
        body = await request.json()
        kind = body["phoneNumberType"]
        if body["assignmentType"] != "application" or "sms" not in body["capabilities"]:
            raise Refused(400, "BadRequest")
        free = [one for one in self.stock.get(kind, []) if one not in self.numbers]
        search = str(uuid.uuid4())
        if free:
            self.searches[search] = free[0]
        operation = self._begin("search", f"/availablePhoneNumbers/searchResults/{search}")
        if not free:
            self.operations[operation] |= {"status": "failed", "error": {"code": "OutOfStock", "message": ""}}
        return self._under_way(request, operation, {"search-id": search}, {"searchId": search})

    async def _result(self, request: Request) -> Response:
        await self._check(request)
        search = request.path_params["id"]
        if search not in self.searches:
            raise Refused(404, "NotFound")
        return JSONResponse(
            {
                "searchId": search,
                "phoneNumbers": [self.searches[search]],
                "phoneNumberType": "tollFree",
                "assignmentType": "application",
                "capabilities": {"calling": "none", "sms": "inbound+outbound"},
                "cost": {"amount": 2, "currencyCode": "USD", "billingFrequency": "monthly"},
                "searchExpiresBy": datetime.now(UTC).isoformat(),
            }
        )

    async def _buy(self, request: Request) -> Response:
        await self._check(request)
        search = (await request.json()).get("searchId")
        if search not in self.searches:
            raise Refused(404, "NotFound")
        # A search is bought once; the real one answers a second try as this one does.
        number = self.searches.pop(search)
        self.purchases += 1
        operation = self._begin("purchase", f"/availablePhoneNumbers/searchResults/{search}")
        if self.fails_with:
            self.operations[operation] |= {
                "status": "failed",
                "error": {"code": self.fails_with, "message": ""},
            }
        elif self.polls:
            self.operations[operation] |= {"status": "running", "left": self.polls, "number": number}
        else:
            self.numbers.append(number)
        if self.loses_purchase:
            self.loses_purchase = False
            raise Refused(500, "InternalServerError")
        return self._under_way(request, operation, {"purchase-id": search}, {})

    async def _operation(self, request: Request) -> Response:
        await self._check(request)
        operation = self.operations[request.path_params["id"]]
        if operation["status"] == "running":
            operation["left"] -= 1
            if operation["left"] <= 0:
                operation["status"] = "succeeded"
                self.numbers.append(operation["number"])
        return JSONResponse({key: value for key, value in operation.items() if key not in ("left", "number")})

    async def _one(self, request: Request) -> Response:
        await self._check(request)
        number = request.path_params["number"]
        if number not in self.numbers:
            raise Refused(404, "NotFound")
        if request.method == "DELETE":
            self.numbers.remove(number)
            operation = self._begin("releasePhoneNumber", "")
            return self._under_way(request, operation, {"release-id": "r"}, {})
        return JSONResponse(
            {
                "id": number.removeprefix("+"),
                "phoneNumber": number,
                "countryCode": "US",
                "phoneNumberType": "tollFree",
                "assignmentType": "application",
                "capabilities": {"calling": "none", "sms": "inbound+outbound"},
                "purchaseDate": datetime.now(UTC).isoformat(),
                "cost": {"amount": 2, "currencyCode": "USD", "billingFrequency": "monthly"},
            }
        )

    def add_brief(self, number: str, status: str, *notes: str) -> None:
        """A brief for this number, with what reviewers noted."""
        assert self.briefs is not None
        self.briefs.append(
            {
                "id": str(uuid.uuid4()), "countryCode": "US", "briefType": "tollfreeVerification", "status": status,
                "phoneNumbers": [number.removeprefix("+")],
                "reviewNotes": [{"message": one, "date": datetime.now(UTC).isoformat()} for one in notes],
            }
        )  # fmt: skip

    async def _briefs(self, request: Request) -> Response:
        await self._check(request)
        if self.briefs is None or request.query_params["api-version"] != "2023-01-10-preview1":
            raise Refused(404, "NotFound")
        skip, top = int(request.query_params.get("skip", 0)), int(request.query_params.get("top", 100))
        rows = [
            {key: one[key] for key in one if key != "reviewNotes"} for one in self.briefs[skip : skip + top]
        ]
        return JSONResponse({"campaignBriefSummaries": rows})

    async def _brief(self, request: Request) -> Response:
        await self._check(request)
        asked = (request.path_params["country"], request.path_params["id"])
        for one in self.briefs or []:
            if (one["countryCode"], one["id"]) == asked:
                return JSONResponse(one)
        raise Refused(404, "NotFound")

    def _begin(self, kind: str, location: str) -> str:
        operation = str(uuid.uuid4())
        self.operations[operation] = {
            "id": operation, "operationType": kind, "status": "succeeded", "resourceLocation": location,
            "createdDateTime": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        return operation

    def _under_way(
        self, request: Request, operation: str, more: dict[str, str], body: dict[str, str]
    ) -> Response:
        base = f"http://{request.headers['host']}"
        version = request.query_params["api-version"]
        headers = {
            "Operation-Location": f"{base}/phoneNumbers/operations/{operation}?api-version={version}",
            "Location": f"{base}{self.operations[operation]['resourceLocation']}?api-version={version}",
            "operation-id": operation,
        }  # fmt: skip
        return JSONResponse(body, 202, headers=headers | more)


def _taken(to: str, id_: str) -> dict[str, Any]:
    return {
        "to": to, "messageId": id_, "httpStatusCode": 202, "successful": True, "repeatabilityResult": "accepted"
    }  # fmt: skip


async def _say(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    body = {"error": {"code": refused.code, "message": "The service says no."}}
    return JSONResponse(body, refused.status, headers=refused.headers)
