"""A gateway that sells numbers by the contract; it may forget references, as a plain one does."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class NumberGateway:
    """The numbers that were sold; ready after they were asked about ``polls`` times."""

    polls: int = 0
    stock: list[str] = field(default_factory=lambda: ["+18335550100", "+18335550101"])
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    knows_references: bool = True
    loses_purchase: bool = False
    answers: int | None = None
    purchases: int = 0
    asked: int = 0

    def app(self) -> Starlette:
        """The contract's three addresses, and the one by reference."""
        lookups = [Route("/numbers", self._find, methods=["GET"])] if self.knows_references else []
        return Starlette(
            routes=[
                Route("/numbers", self._buy, methods=["POST"]),
                *lookups,
                Route("/numbers/{id}", self._show, methods=["GET"]),
                Route("/numbers/{id}", self._release, methods=["DELETE"]),
            ]
        )

    async def _buy(self, request: Request) -> Response:
        if self.answers is not None:
            return JSONResponse({}, self.answers)
        reference = (await request.json())["reference"]
        known = next((one for one in self.numbers.values() if one["reference"] == reference), None)
        if known is not None and self.knows_references:
            return JSONResponse({"id": known["id"]}, 202)
        self.purchases += 1
        number = {"id": uuid.uuid4().hex, "reference": reference, "asked": 0, "state": "provisioning"}
        number["number"] = self.stock.pop(0) if self.stock else None
        self.numbers[number["id"]] = number
        if self.loses_purchase:
            self.loses_purchase = False
            return JSONResponse({}, 500)
        return JSONResponse({"id": number["id"]}, 202)

    async def _find(self, request: Request) -> Response:
        reference = request.query_params.get("reference")
        known = next((one for one in self.numbers.values() if one["reference"] == reference), None)
        return JSONResponse({"id": known["id"]}) if known else JSONResponse({}, 404)

    async def _show(self, request: Request) -> Response:
        number = self.numbers[request.path_params["id"]]
        self.asked += 1
        number["asked"] += 1
        if number["state"] == "provisioning" and number["asked"] > self.polls:
            number["state"] = "active" if number["number"] else "failed"
        told = {"state": number["state"], "number": number["number"] if number["state"] == "active" else None}
        return JSONResponse(told | ({"reason": "no_number_available"} if number["state"] == "failed" else {}))

    async def _release(self, request: Request) -> Response:
        self.numbers[request.path_params["id"]]["state"] = "released"
        return Response(status_code=204)
