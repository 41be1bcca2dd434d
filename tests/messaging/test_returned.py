"""Returned mail: sent, taken, sent back, read from a real mailbox; and whatever else anybody puts into it."""

import asyncio
import logging
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from housecall.kit.settings import SettingInvalid, Settings
from housecall.messaging.errors import MailboxUnavailable
from housecall.messaging.mailbox import ImapServer, Mailbox
from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import Letter, OutgoingText
from housecall.messaging.providers.registry import mailbox_for
from housecall.messaging.providers.smtp import SmtpProvider, SmtpServer
from housecall.messaging.returned import LARGEST, Returned, read_returned, return_address
from housecall.sandbox.app import sandbox_app
from housecall.sandbox.house import House
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.post import smtp
from tests.telecom.imap_server import PASSWORD, USER, Imap, imap_served

RETURNS = "returns@clinic.example"
ID = "3d2b6a44-6a06-4f0c-9a73-7b7f0ff9a3f1"
HEX = ID.replace("-", "")


@pytest_asyncio.fixture(loop_scope="session")
async def imap() -> AsyncIterator[Imap]:
    async with imap_served() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def post() -> AsyncIterator[tuple[SmtpProvider, House]]:
    """The sandbox's mail server, which returns what it cannot deliver, and our way of handing mail to it."""
    folder = Path(tempfile.mkdtemp(prefix="hc-post-", dir="/tmp"))
    house: House = sandbox_app(SandboxOptions(housecall_url="http://127.0.0.1:9")).state.house
    server = await smtp.listen(house, folder / "smtp")
    where = SmtpServer(str(folder / "smtp"), security="none")
    yield SmtpProvider(where, sender="visits@clinic.example", returns_to=RETURNS), house
    server.close()
    await house.close()
    shutil.rmtree(folder)


def mailbox_of(imap: Imap, *, password: str = PASSWORD, folder: str = "INBOX") -> Mailbox:
    server = ImapServer("127.0.0.1", imap.port, "none", USER, password, folder)
    return Mailbox(server, returns_to=RETURNS)


async def read(imap: Imap) -> list[Returned]:
    async with mailbox_of(imap).unread() as batch:
        return batch.found


def a_letter(to: str) -> OutgoingText:
    return OutgoingText(
        str(uuid.uuid4()), sent_from="", to=to, body="Join here.", letter=Letter("Lakeside", "Visit", "<p>x</p>")
    )  # fmt: skip


def notice(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "",
    to: str = f"returns+{HEX}@clinic.example",
    envelope_id: str = "",
    returned: str = "",
) -> bytes:
    """A notification as Postfix writes it."""
    lines = [
        "From: MAILER-DAEMON@mx.example", f"To: {to}", "Subject: Undelivered", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b",
        "Content-Type: text/plain", "", "It did not arrive.", "", "--b", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example", *([f"Original-Envelope-Id: {envelope_id}"] if envelope_id else []), "",
        "Final-Recipient: rfc822; pat@mail.example", f"Action: {action}", f"Status: {status}",
        *([f"Diagnostic-Code: smtp; {said}"] if said else []), "", returned, "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def headers_back(kind: str) -> str:
    return f"--b\r\nContent-Type: {kind}\r\n\r\nFrom: visits@clinic.example\r\nMessage-ID: <{ID}@clinic.example>\r\n"


async def test_a_letter_that_comes_back_is_told_by_its_id_and_deleted_from_the_mailbox(
    imap: Imap, post: tuple[SmtpProvider, House]
) -> None:
    provider, house = post
    gone, asleep, well = (a_letter(f"{name}@mail.example") for name in ("gone", "asleep", "pat"))
    for letter in (gone, asleep, well):
        await provider.send(letter)
    other = imap.drop(b"Subject: I am away\r\n\r\nUntil Monday.\r\n")
    for returned in house.returned:
        imap.drop(returned)

    found = await read(imap)

    assert found == [
        Returned(gone.reference, MessageState.failed, FailReason.unknown_number),
        Returned(asleep.reference, MessageState.accepted, FailReason.unreachable),
    ]
    assert {uid: one.flags for uid, one in imap.mails.items()} == {other: {r"\Seen"}}
    assert await read(imap) == []
    assert [mail.to for mail in house.world.record.mails] == ["pat@mail.example"]
    # Nothing of the patient is in the address that anybody on the way can read.
    assert house.returned[0].count(f"returns+{gone.reference.replace('-', '')}@clinic.example".encode()) == 1


async def test_what_was_not_taken_is_read_again(imap: Imap) -> None:
    """A worker killed, or a database away, between reading and deleting."""
    imap.drop(notice())
    with pytest.raises(RuntimeError):
        async with mailbox_of(imap).unread():
            raise RuntimeError("the database is away")

    again = await read(imap)

    assert [one.reference for one in again] == [ID]


@pytest.mark.parametrize("where", ["SELECT", "SEARCH", "FETCH", "STORE", "EXPUNGE"])
async def test_a_mailbox_that_breaks_off_or_refuses_loses_nothing(imap: Imap, where: str) -> None:
    imap.drop(notice())
    for fault in ("breaks_at", "refuses"):
        setattr(imap, fault, where)
        with pytest.raises(MailboxUnavailable):
            await read(imap)
        setattr(imap, fault, "")
        imap.mails[1].flags.clear()

    assert [one.reference for one in await read(imap)] == [ID]


async def test_a_wrong_password_a_missing_folder_and_nobody_there_are_told_apart_from_silence(
    imap: Imap, caplog: pytest.LogCaptureFixture
) -> None:
    await mailbox_of(imap).check()

    for wrong in (mailbox_of(imap, password="other"), mailbox_of(imap, folder="Bounces")):
        with pytest.raises(MailboxUnavailable):
            await wrong.check()
    with pytest.raises(MailboxUnavailable):
        await Mailbox(ImapServer("127.0.0.1", 9, "none"), returns_to=RETURNS).check()
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        (notice(), "failed", "unknown_number"),
        (notice(to=f"RETURNS+{HEX.upper()}@Clinic.Example"), "failed", "unknown_number"),
        (notice(status="5.2.2"), "failed", "unreachable"),
        (notice(status="4.4.7"), "failed", "unreachable"),
        (notice(status="5.0.0", said="550 5.7.1 spam"), "failed", "spam_detected"),
        (notice(status="5.7.26"), "failed", "blocked_number"),
        (notice(status="5.9.99"), "failed", "other"),
        (notice(status="", said=""), "failed", "other"),
        (notice(action="delayed", status="4.2.2"), "accepted", "unreachable"),
        (notice(action="delivered", status="2.0.0"), "delivered", None),
        (notice(action="relayed", status="2.1.5"), "accepted", None),
        (notice(to="returns@clinic.example", envelope_id=ID), "failed", "unknown_number"),
        (notice(to="a@b.example", returned=headers_back("text/rfc822-headers")), "failed", "unknown_number"),
        (notice(to="a@b.example", returned=headers_back("message/rfc822")), "failed", "unknown_number"),
    ],
)  # fmt: skip
def test_notifications_of_many_servers_say_the_same(content: bytes, state: str, reason: str | None) -> None:
    found = read_returned(content, returns_to=RETURNS)

    assert found == Returned(ID, MessageState(state), FailReason(reason) if reason else None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 1000,
        b"\xff\xfe" * 1000,
        b"Subject: hello\r\n\r\nNo notification.",
        notice(to="returns@clinic.example"),
        notice(to=f"returns+{HEX}@elsewhere.example"),
        notice(to=f"more.returns+{HEX}@clinic.example"),
        notice(to=f"returns+{HEX}@clinic.example.evil.example"),
        notice(to=f"returns+{HEX[:-1]}@clinic.example"),
        notice(action="exploded"),
        notice(to="=?utf-8?b?" + "A" * 5000 + "?="),
        notice(envelope_id="'; DROP TABLE message; --", to="x@y.example"),
        notice().replace(b"message/delivery-status", b"text/plain"),
        notice().replace(b"multipart/report", b"multipart/mixed"),
        notice().replace(b'boundary="b"', b'boundary="c"'),
        notice().replace(b'boundary="b"', b"boundary"),
        b"--b\r\n".join([b"Content-Type: multipart/report; boundary=b\r\n\r\n"] * 3000),
        b"".join(b"Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
        b"A" * (LARGEST + 10) + notice(),
        b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    ],
    ids=range(20),
)  # fmt: skip
def test_whatever_is_put_into_the_mailbox_is_read_safely_and_says_nothing(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert read_returned(content, returns_to=RETURNS) is None

    assert "pat@mail.example" not in caplog.text


def test_a_flood_of_recipients_is_read_no_further_than_ten() -> None:
    block = b"\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
    flood = notice().replace(b"\r\nFinal-Recipient", block * 3000 + b"\r\nFinal-Recipient")

    found = read_returned(flood, returns_to=RETURNS)

    assert found == Returned(ID, MessageState.accepted, FailReason.unreachable)


def test_the_address_comes_back_whole_and_fits() -> None:
    address = return_address(RETURNS, ID)

    assert address == f"returns+{HEX}@clinic.example"
    assert len(address.partition("@")[0]) <= 64


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"HOUSECALL_RETURNS_TO": ""}, "HOUSECALL_RETURNS_TO"),
        ({"HOUSECALL_RETURNS_TO": "nobody"}, "e-mail address"),
        ({"HOUSECALL_RETURNS_TO": "r" * 32 + "@clinic.example"}, "before the @"),
        ({"HOUSECALL_IMAP_SECURITY": "ssl"}, "tls or none"),
        ({"HOUSECALL_IMAP_SECURITY": "none"}, "on this machine only"),
    ],
)
def test_a_mailbox_that_cannot_work_is_refused_at_the_start(given: dict[str, str], sentence: str) -> None:
    usual = {"HOUSECALL_IMAP_HOST": "mail.clinic.example", "HOUSECALL_RETURNS_TO": RETURNS}

    assert mailbox_for(Settings(usual)) is not None
    assert mailbox_for(Settings({})) is None
    with pytest.raises(SettingInvalid, match=sentence):
        mailbox_for(Settings(usual | given))


async def test_a_mailbox_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("housecall.messaging.mailbox._TIMEOUT_S", 0.1)
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(5), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    with pytest.raises(MailboxUnavailable):
        await Mailbox(ImapServer("127.0.0.1", port, "none"), returns_to=RETURNS).check()
    server.close()
