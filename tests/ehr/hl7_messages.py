"""SIU messages with people who do not exist, and a sender."""

import asyncio
import ssl
from zoneinfo import ZoneInfo

from housecall.ehr.hl7.siu import Reading

CHICAGO = ZoneInfo("America/Chicago")
READING = Reading(zone=CHICAGO)


def siu(
    event: str = "S12",
    *,
    control: str = "1001",
    at: str = "20261124090000",
    ref: str = "app-1",
    start: str = "202611251000",
    end: str = "202611251030",
    status: str = "",
    service: str = "VID^Video visit^L",
    kind: str = "SIU",
    sch: dict[int, str] | None = None,
    more: str = "",
) -> bytes:
    """A message as an interface engine sends it, the patient's name and number included."""
    fields = ["SCH"] + [""] * 25
    fields[2], fields[11], fields[25] = ref, f"^^^{start}^{end}", status
    for number, said in (sch or {}).items():
        fields[number] = said
    lines = [
        f"MSH|^~\\&|EPR|NORTH|HOUSECALL|CLINIC|{at}||{kind}^{event}^{kind}_S12|{control}|P|2.3",
        "|".join(fields),
        "PID|1||77001^^^NORTH^MR||Quillfeather^Ottoline^^^^||19480309|F|||1 Elm Row||^PRN^CP^^^555^0140001",
        "RGS|1|A",
        f"AIS|1|A|{service}|" if service else "NTE|1||a note",
        "AIL|1|A|loc-7^Room 4^^loc-9",
        "AIP|1|A|prac-3^Marsh^Ines|ATTENDING",
    ]
    return ("\r".join(lines) + "\r" + more).encode()


class Sender:
    """An interface engine's end of a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None = None) -> "Sender":
        name = "localhost" if tls else None
        return cls(*await asyncio.open_connection(host, port, ssl=tls, server_hostname=name))

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self, seconds: float = 20.0) -> tuple[str, str, str]:
        """The next answer: AA, AE or AR, the control id it is for, and the code."""
        async with asyncio.timeout(seconds):
            frame = await self.reader.readuntil(b"\x1c\r")
        assert frame.startswith(b"\x0bMSH")
        lines = frame.strip(b"\x0b\x1c\r").decode().split("\r")
        sign = lines[0][3]
        msa = lines[1].split(sign)
        assert msa[0] == "MSA"
        return msa[1], msa[2], msa[3]

    async def say(self, message: bytes) -> tuple[str, str, str]:
        await self.send(b"\x0b" + message + b"\x1c\r")
        return await self.answer()

    async def hears_the_end(self, seconds: float = 20.0) -> bool:
        """Whether the line is closed, and nothing more was said on it."""
        try:
            async with asyncio.timeout(seconds):
                return await self.reader.read() == b""
        except OSError:
            return True

    async def close(self) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)
