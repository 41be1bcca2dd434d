"""What an organisation may put before its patients: pictures that are pictures, colours that can be read."""

import struct
import zlib
from dataclasses import replace

import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.colour import contrast, parse_hex
from housecall.kit.errors import Overtaken
from housecall.kit.sealing import Sealer
from housecall.tenancy.branding import (
    read_accent,
    read_logo,
    read_text,
    set_branding,
    set_logo,
    shades_of,
)
from housecall.tenancy.errors import ColourRefused, LogoRefused, TextRefused
from housecall.tenancy.settings import (
    USUAL_REMINDER,
    OrganisationSettings,
    change_settings,
    faults_of,
    reminder_of,
    settings_now,
)
from housecall.tenancy.store import find_branding, find_logo, get_organisation
from tests.visits.clinic import OPERATOR, Clinic, open_clinic

LANGUAGES = ("en", "da", "es", "ar")


def png(width: int, height: int, *, padding: int = 0) -> bytes:
    """A real picture of one colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    row = b"\x00" + b"\x0b\x55\x63" * width
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    note = chunk(b"tEXt", b"Comment\x00" + b"x" * padding)
    return (
        b"\x89PNG\r\n\x1a\n" + head + note + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int) -> bytes:
    """The beginning of one: all that is looked at."""
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + b"\x00" * 9
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x00" * 9
    return b"\xff\xd8" + app0 + frame + b"\xff\xd9"


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest.mark.parametrize(("content", "kind"), [(png(200, 60), "image/png"), (jpeg(200, 60), "image/jpeg")])
def test_a_picture_is_known_by_its_own_bytes(content: bytes, kind: str) -> None:
    logo = read_logo(content)

    assert (logo.content, logo.media_type, len(logo.name)) == (content, kind, 32)
    assert logo.name != read_logo(png(201, 60)).name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "can hold a program"),
        (b'\n <?xml version="1.0"?><svg/>', "can hold a program"),
        (b"<!DOCTYPE html><script>", "can hold a program"),
        (b"GIF89a" + b"\x00" * 40, "neither a PNG nor a JPEG"),
        (b"", "neither a PNG nor a JPEG"),
        (b"\x89PNG\r\n\x1a\n", "neither a PNG nor a JPEG"),
        (png(200, 60, padding=70_000), "KB is the most"),
        (png(2000, 30), "2000 x 30 pixels"),
        (png(20, 20), "20 x 20 pixels"),
        (jpeg(5000, 40), "5000 x 40 pixels"),
        (b"\xff\xd8\xff\xe0", "0 x 0 pixels"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_reason(content: bytes, said: str) -> None:
    with pytest.raises(LogoRefused, match=said):
        read_logo(content)


@pytest.mark.parametrize("accent", ["#0b5563", "#7a0019", "#003087", "#000000"])
def test_a_colour_that_can_be_read_is_taken_and_can_be_read_in_the_dark_too(accent: str) -> None:
    light, dark = shades_of(read_accent(accent.upper()))

    assert contrast(parse_hex(light.accent), parse_hex("#f4f6f7")) >= 7
    assert contrast(parse_hex(light.on_accent), parse_hex(light.strong)) >= 7
    assert contrast(parse_hex(dark.accent), parse_hex("#18222a")) >= 7
    assert contrast(parse_hex(dark.on_accent), parse_hex(dark.accent)) >= 7
    assert contrast(parse_hex("#eef3f6"), parse_hex(dark.soft)) >= 7


def test_a_colour_that_is_hard_to_read_is_refused_with_the_nearest_that_is_not() -> None:
    with pytest.raises(ColourRefused, match=r"contrast of 5\.\d:1") as caught:
        read_accent("#0067b1")

    offered = caught.value.sentence.split(" is the nearest")[0].split()[-1]
    assert read_accent(offered) == offered


@pytest.mark.parametrize("typed", ["blue", "#fff", "#0b5563;}body{display:none", "url(x)"])
def test_nothing_but_a_colour_gets_into_the_style(typed: str) -> None:
    with pytest.raises(ColourRefused):
        read_accent(typed)


def test_texts_are_one_line_and_no_longer_than_a_page_bears() -> None:
    assert read_text(" Bring your\n list of\u0000 medicines. ") == "Bring your list of medicines."
    with pytest.raises(TextRefused, match="301"):
        read_text("x" * 301)


async def test_a_change_is_on_record_with_before_and_after_and_a_late_one_is_told(clinic: Clinic) -> None:
    async def change(accent: str, revision: int) -> None:
        async with clinic.database.work() as work:
            await set_branding(
                work,
                clinic.org_id,
                accent=accent,
                texts={"en": {"welcome": "Hello", "closed": ""}},
                revision=revision,
                now=clinic.now,
                by=OPERATOR,
            )

    await change("#0b5563", 0)
    with pytest.raises(Overtaken):
        await change("#7a0019", 0)
    async with clinic.database.work() as work:
        await set_logo(work, clinic.org_id, read_logo(png(80, 40)), revision=1, now=clinic.now, by=OPERATOR)

    async with clinic.database.work() as work:
        found = await find_branding(work, clinic.org_id)
        assert found is not None
        assert (found.accent, found.texts) == ("#0b5563", {"en": {"welcome": "Hello"}})
        assert await find_logo(work, clinic.org_id, str(found.logo_hash)) == (png(80, 40), "image/png")
        assert await find_logo(work, clinic.org_id, "another") is None
    assert (await clinic.acts()).count("tenancy:branding:changed") == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"clinic_phone": "call us"}, "clinic_phone"),
        ({"clinic_phone": "+1"}, "clinic_phone"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"identity_reminder": "x" * 161}, "identity_reminder"),
        ({"identity_reminder": "two\nlines"}, "identity_reminder"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(wrong: dict[str, str], field: str) -> None:
    good = {
        "display_name": "Lakeside",
        "clinic_phone": "+1 312 555 0100",
        "time_zone": "Europe/Copenhagen",
        "language": "da",
    }

    assert faults_of(OrganisationSettings(**good), LANGUAGES) == {}
    assert list(faults_of(OrganisationSettings(**(good | wrong)), LANGUAGES)) == [field]


async def test_two_who_change_settings_at_once_do_not_overwrite_each_other(clinic: Clinic) -> None:
    wanted = OrganisationSettings("Lakeside", "+1 312 555 0100", "America/Denver", "es")
    async with clinic.database.work() as work:
        await change_settings(work, clinic.org_id, wanted, revision=0, now=clinic.now, by=OPERATOR)

    late = OrganisationSettings("Hillside", "", "America/Denver", "en")
    with pytest.raises(Overtaken):
        async with clinic.database.work() as work:
            await change_settings(work, clinic.org_id, late, revision=0, now=clinic.now, by=OPERATOR)

    async with clinic.database.work() as work:
        owner = await get_organisation(work, clinic.org_id)
    assert (owner.display_name, owner.revision) == ("Lakeside", 1)


async def test_the_reminder_is_ours_until_the_organisation_has_its_own_and_none_when_emptied(
    clinic: Clinic,
) -> None:
    async def remind(words: str) -> tuple[str, str | None]:
        async with clinic.database.work() as work:
            owner = await get_organisation(work, clinic.org_id)
            wanted = replace(settings_now(owner), identity_reminder=words)
            await change_settings(
                work, clinic.org_id, wanted, revision=owner.revision, now=clinic.now, by=OPERATOR
            )
            return reminder_of(owner), owner.identity_reminder

    async with clinic.database.work() as work:
        assert reminder_of(await get_organisation(work, clinic.org_id)) == USUAL_REMINDER
    own, nothing, usual = (
        await remind("Ask for the birthday."),
        await remind(""),
        await remind(USUAL_REMINDER),
    )

    assert own == ("Ask for the birthday.", "Ask for the birthday.")
    assert nothing == ("", "")
    assert usual == (USUAL_REMINDER, None)
