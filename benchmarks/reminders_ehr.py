"""An EHR that answers in 20 ms: a token, appointments by ids, patients in batches. Nothing else.

Run as a program it prints its origin and serves ``/fhir`` until it is killed; its arguments are how long an
answer takes, in seconds, and when all appointments start.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.plain_http import Answer, PlainServer, serve_for_ever
from benchmarks.reminders_worker import number_of


class SmallEhr(PlainServer):
    """Everybody has an appointment ``a_<n>`` and is patient ``p_<n>``."""

    def __init__(self, *, takes_s: float, start: str) -> None:
        super().__init__()
        self._takes_s = takes_s
        self._start = start
        self._origin = ""

    async def start(self) -> str:
        self._origin = await super().start()
        return self._origin

    async def answer(self, method: str, target: str, body: bytes) -> Answer | None:
        await asyncio.sleep(self._takes_s)
        where = urlsplit(target)
        match method, where.path.removeprefix("/fhir"):
            case "GET", "/.well-known/smart-configuration":
                return 200, {"token_endpoint": f"{self._origin}/token", "capabilities": []}, {}
            case "POST", "/token":
                return 200, {"access_token": "t", "token_type": "bearer", "expires_in": 3600}, {}
            case "GET", "/Appointment":
                refs = parse_qs(where.query)["_id"][0].split(",")
                return 200, _bundle("searchset", [{"resource": self._appointment(ref)} for ref in refs]), {}
            case "POST", "":
                asked = [entry["request"]["url"] for entry in json.loads(body)["entry"]]
                return 200, _bundle("batch-response", [_patient_entry(path) for path in asked]), {}
        return 404, {}, {}

    def _appointment(self, ref: str) -> dict[str, Any]:
        return {
            "resourceType": "Appointment",
            "id": ref,
            "status": "booked",
            "start": self._start,
            "participant": [{"actor": {"reference": f"Patient/p_{ref.removeprefix('a_')}"}}],
        }


def _bundle(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def _patient_entry(path: str) -> dict[str, Any]:
    ref = path.removeprefix("Patient/")
    phone = {"system": "phone", "use": "mobile", "value": number_of(ref.replace("p_", "v_"))}
    return {
        "response": {"status": "200 OK"},
        "resource": {"resourceType": "Patient", "id": ref, "telecom": [phone]},
    }


if __name__ == "__main__":
    asyncio.run(serve_for_ever(SmallEhr(takes_s=float(sys.argv[1]), start=sys.argv[2])))
