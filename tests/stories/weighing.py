"""What a page costs over the wire: every response as the browser counted it, headers included."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Page


@dataclass(frozen=True)
class Weight:
    """One response: how many bytes came, how many they became, and whether they came compressed."""

    path: str
    kind: str
    came: int
    became: int
    encoding: str


class Scales:
    """Weighs all responses of one origin to one page, from when it is put under it to the end."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._asked: dict[str, dict[str, Any]] = {}
        self._grown: dict[str, int] = {}
        self.weights: list[Weight] = []

    @classmethod
    async def under(cls, page: Page, origin: str) -> "Scales":
        """Scales that weigh what this page gets from now on."""
        scales = cls(origin)
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", scales._ask)
        session.on("Network.responseReceived", scales._hear)
        session.on("Network.dataReceived", scales._grow)
        session.on("Network.loadingFinished", scales._finish)
        await session.send("Network.enable")
        return scales

    @property
    def total(self) -> int:
        """All bytes together."""
        return sum(weight.came for weight in self.weights)

    def table(self) -> str:
        """One line a response, the heaviest first."""
        rows = sorted(self.weights, key=lambda weight: -weight.came)
        lines = [f"{one.came:>8} of {one.became:>8}  {one.kind:<10} {one.path}" for one in rows]
        return "\n".join([*lines, f"{self.total:>8} together"])

    def _ask(self, event: dict[str, Any]) -> None:
        # A redirect is told of with the request that follows it, under the same id.
        if "redirectResponse" in event:
            came = int(event["redirectResponse"]["encodedDataLength"])
            self._note(event["redirectResponse"], "Redirect", came=came, became=0)
        self._asked.pop(event["requestId"], None)

    def _hear(self, event: dict[str, Any]) -> None:
        self._asked[event["requestId"]] = event

    def _grow(self, event: dict[str, Any]) -> None:
        self._grown[event["requestId"]] = self._grown.get(event["requestId"], 0) + int(event["dataLength"])

    def _finish(self, event: dict[str, Any]) -> None:
        asked = self._asked.pop(event["requestId"], None)
        became = self._grown.pop(event["requestId"], 0)
        if asked is None or asked["response"].get("fromDiskCache"):
            return
        self._note(asked["response"], asked["type"], came=int(event["encodedDataLength"]), became=became)

    def _note(self, response: dict[str, Any], kind: str, *, came: int, became: int) -> None:
        address = urlsplit(response["url"])
        if f"{address.scheme}://{address.netloc}" != self._origin or came == 0:
            return
        headers = {name.lower(): value for name, value in response["headers"].items()}
        encoding = headers.get("content-encoding", "")
        # The link's token is not for reports of tests.
        path = "/v/…" if address.path.startswith("/v/") else address.path
        self.weights.append(Weight(path, kind, came, became, encoding))


async def throttle(
    session: CDPSession, *, latency_ms: float, down_bps: float, up_bps: float, cpu: float
) -> None:
    """The page has this network and a processor so many times slower."""
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency_ms,
            "downloadThroughput": down_bps / 8,
            "uploadThroughput": up_bps / 8,
        },
    )
    await session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
