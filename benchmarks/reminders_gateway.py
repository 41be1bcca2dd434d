"""A gateway for texts that counts: design section 3's contract, and what would reach a handset.

Run as a program it prints its origin and serves ``/gateway`` until it is killed; ``GET /counts`` tells what
it has seen, and ``/posts`` only how many posts, at once. Its one argument is ``takes_s``.
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.plain_http import Answer, PlainServer, serve_for_ever


@dataclass
class Text:
    """One text that went out."""

    id: str
    to: str
    body: str


class CountingGateway(PlainServer):
    """Sends each reference once.

    ``faults`` by number: ``refuse:<code>``, ``busy``, ``broken``, ``silent``, ``hangs``, ``no-id``; with the
    last four it has taken the text all the same. ``takes_s``: how long a text needs until it is taken, and
    again until that is answered.
    """

    def __init__(self, *, takes_s: float = 0.0, faults: dict[str, str] | None = None) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.faults = faults or {}
        self.texts: dict[str, Text] = {}
        self.posts = self.repeats = self.lookups = self.found = 0

    def counts(self) -> dict[str, Any]:
        """What was sent and asked; ``doubled`` counts every text beyond the first to a number."""
        per_number = Counter(text.to for text in self.texts.values())
        return {
            "sent": len(self.texts),
            "numbers": len(per_number),
            "doubled": sum(count - 1 for count in per_number.values()),
            "posts": self.posts,
            "repeats": self.repeats,
            "lookups": self.lookups,
            "found": self.found,
        }

    async def answer(self, method: str, target: str, body: bytes) -> Answer | None:
        where = urlsplit(target)
        if where.path == "/counts":
            return 200, self.counts(), {}
        if where.path == "/posts":
            return 200, {"posts": self.posts}, {}
        if method == "POST":
            return await self._send(json.loads(body))
        self.lookups += 1
        text = self.texts.get(parse_qs(where.query).get("reference", [""])[0])
        self.found += text is not None
        return (200, {"id": text.id, "status": "accepted"}, {}) if text else (404, {}, {})

    async def _send(self, form: dict[str, str]) -> Answer | None:
        self.posts += 1
        fault = self.faults.get(form["to"], "")
        if fault.startswith("refuse:"):
            return 422, {"code": fault.partition(":")[2]}, {}
        if fault == "busy":
            return 429, {}, {"Retry-After": "7"}
        await asyncio.sleep(self.takes_s)
        text = self._take(form)
        await asyncio.sleep(self.takes_s)
        match fault:
            case "broken":
                return 500, {}, {}
            case "silent":
                return None
            case "hangs":
                await asyncio.sleep(3600)
            case "no-id":
                return 200, {}, {}
        return 202, {"id": text.id}, {}

    def _take(self, form: dict[str, str]) -> Text:
        known = self.texts.get(form["reference"])
        if known is not None:
            self.repeats += 1
            return known
        text = Text(f"t-{len(self.texts) + 1}", form["to"], form["body"])
        self.texts[form["reference"]] = text
        return text


if __name__ == "__main__":
    asyncio.run(serve_for_ever(CountingGateway(takes_s=float(sys.argv[1]))))
