"""A large hospital's schedule over FHIR: so many appointments a day, for as many days as anybody asks.

Run as a program it prints its origin and serves ``/fhir`` until it is killed; its arguments are how many
appointments a day has, and how many of a hundred are video visits. ``/asked`` says which pages were read.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from benchmarks.plain_http import Answer, PlainServer, serve_for_ever

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE: Final = 100
_DAY_S: Final = 86_400


class LargeEhr(PlainServer):
    """Appointment ``a_<n>`` starts n steps after the first of January, and all steps are as long."""

    def __init__(self, *, a_day: int, video_pct: int) -> None:
        super().__init__()
        self._step = timedelta(seconds=_DAY_S / a_day)
        self._video_pct = video_pct
        self._origin = ""
        self._asked: list[str] = []

    async def start(self) -> str:
        self._origin = await super().start()
        return self._origin

    async def answer(self, method: str, target: str, body: bytes) -> Answer | None:
        where = urlsplit(target)
        match method, where.path.removeprefix("/fhir"):
            case "GET", "/.well-known/smart-configuration":
                return 200, {"token_endpoint": f"{self._origin}/token", "capabilities": []}, {}
            case "POST", "/token":
                return 200, {"access_token": "t", "token_type": "bearer", "expires_in": 3600}, {}
            case "GET", "/Appointment":
                self._asked.append(self._origin + target)
                return 200, self._page(parse_qs(where.query)), {}
            case "GET", "/asked":
                asked, self._asked = self._asked, []
                return 200, {"urls": asked}, {}
        return 404, {}, {}

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if "from" in query:
            first, last = int(query["from"][0]), int(query["to"][0])
        else:
            # The two edges of the window, "ge" and "lt".
            edges = sorted(datetime.fromisoformat(edge[2:]) for edge in query["date"])
            first, last = (-((_EPOCH - edge) // self._step) for edge in edges)
        end = min(first + _PAGE, last)
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": self._appointment(n)} for n in range(first, end)],
        }
        if end < last:
            following = f"{self._origin}/fhir/Appointment?from={end}&to={last}"
            bundle["link"] = [{"relation": "next", "url": following}]
        return bundle

    def _appointment(self, n: int) -> dict[str, Any]:
        start = _EPOCH + n * self._step
        service = "Video visit" if n % 100 < self._video_pct else "Office visit"
        code = {"system": "https://fhir.example.test/codeSet/14249", "code": str(n % 40), "display": service}
        who = (f"Patient/p_{n}", f"Practitioner/d_{n % 300}", f"Location/l_{n % 60}")
        return {
            "resourceType": "Appointment",
            "id": f"a_{n}",
            "meta": {"versionId": "1-0", "lastUpdated": "2026-01-01T00:00:00Z"},
            "text": {"status": "generated", "div": f"<div><p>Status: Booked</p><p>{service}</p></div>"},
            "status": "booked",
            "serviceType": [{"coding": [code], "text": service}],
            "reasonCode": [{"text": "Follow-up"}],
            "description": service,
            "start": start.isoformat(),
            "end": (start + timedelta(minutes=20)).isoformat(),
            "minutesDuration": 20,
            "participant": [{"actor": {"reference": ref}, "status": "accepted"} for ref in who],
        }


if __name__ == "__main__":
    asyncio.run(serve_for_ever(LargeEhr(a_day=int(sys.argv[1]), video_pct=int(sys.argv[2]))))
