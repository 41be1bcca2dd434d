"""What an organisation's patients see of it: a picture, a colour that can be read, a text before and after."""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.colour import BLACK, WHITE, Rgb, Shades, contrast, mix, parse_hex, reach, to_hex
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.tenancy.errors import ColourRefused, LogoRefused, TextRefused
from housecall.tenancy.store import find_branding, lock_organisation
from housecall.tenancy.tables import Branding

# All of a patient's pages together are under 100 KB; a picture must not double that.
LARGEST_LOGO: Final = 64 * 1024
LOGO_PX: Final = (24, 1200)
LONGEST_TEXT: Final = 300
KINDS: Final = ("welcome", "closed")
# The patient's pages promise 7:1; these are their grounds (client/src/ui/tokens.css).
_AT_LEAST: Final = 7.0
_LIGHT: Final[tuple[Rgb, ...]] = (WHITE, (0xF4, 0xF6, 0xF7))
_DARK: Final[tuple[Rgb, ...]] = ((0x18, 0x22, 0x2A), (0x10, 0x17, 0x1C))


@dataclass(frozen=True)
class Logo:
    """A picture that was looked at: its bytes, what they are, and a name that changes with them."""

    content: bytes
    media_type: str
    name: str


def read_logo(content: bytes) -> Logo:
    """The picture, if a patient's page can show it; raises LogoRefused saying why not.

    Only by its own bytes: what the browser says of a file is anybody's word.
    """
    if len(content) > LARGEST_LOGO:
        raise LogoRefused(
            f"The picture has {len(content) // 1024} KB; {LARGEST_LOGO // 1024} KB is the most."
        )
    start = content[:512].lstrip().lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        raise LogoRefused("An SVG can hold a program, so it is not taken. Save the picture as PNG.")
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        media_type, size = "image/png", struct.unpack(">II", content[16:24])
    elif content.startswith(b"\xff\xd8\xff"):
        media_type, size = "image/jpeg", _jpeg_size(content)
    else:
        raise LogoRefused("This is neither a PNG nor a JPEG picture.")
    if not all(LOGO_PX[0] <= side <= LOGO_PX[1] for side in size):
        raise LogoRefused(
            f"The picture has {size[0]} x {size[1]} pixels; each side must have {LOGO_PX[0]} to {LOGO_PX[1]}."
        )
    return Logo(content, media_type, hashlib.sha256(content).hexdigest()[:32])


def _jpeg_size(content: bytes) -> tuple[int, int]:
    # Source: ITU-T T.81 annex B: the frame header's marker is C0-CF, save C4, C8 and CC.
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 0, 0


def read_accent(typed: str) -> str:
    """The colour, if it can be read on our pages and white upon it; raises ColourRefused naming one that can.

    Empty is our own colour.
    """
    typed = typed.strip().lower()
    if not typed:
        return ""
    try:
        colour = parse_hex(typed)
    except ValueError:
        raise ColourRefused("A colour is written with a sign and six digits, like #0b5563.") from None
    worst = min(contrast(colour, ground) for ground in _LIGHT)
    if worst < _AT_LEAST:
        better = to_hex(reach(colour, BLACK, _LIGHT, _AT_LEAST))
        raise ColourRefused(
            f"Text in this colour has a contrast of {worst:.1f}:1 on our pages; patients need {_AT_LEAST:.0f}:1."
            f" {better} is the nearest that has."
        )
    return typed


def shades_of(accent: str) -> tuple[Shades, Shades]:
    """The colour's shades for light and for dark pages; in the dark it is lightened until it can be read."""
    colour = parse_hex(accent)
    bright = reach(colour, WHITE, _DARK, _AT_LEAST)
    light = Shades(accent, to_hex(mix(colour, BLACK, 0.25)), to_hex(mix(colour, WHITE, 0.87)), to_hex(WHITE))
    dark = Shades(
        to_hex(bright),
        to_hex(mix(bright, WHITE, 0.35)),
        to_hex(mix(_DARK[0], colour, 0.25)),
        to_hex(mix(_DARK[1], BLACK, 0.4)),
    )
    return light, dark


def read_text(typed: str) -> str:
    """The text as patients read it, line breaks as spaces; raises TextRefused when it is too long."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in typed).split())
    if len(plain) > LONGEST_TEXT:
        raise TextRefused(f"This has {len(plain)} characters; {LONGEST_TEXT} are the most.")
    return plain


async def set_branding(
    work: Work,
    org_id: OrgId,
    *,
    accent: str,
    texts: Mapping[str, Mapping[str, str]],
    revision: int,
    now: datetime,
    by: By,
) -> None:
    """Patients see this colour and read these texts from now on; raises Overtaken."""
    branding = await _lock(work, org_id, revision)
    before = _on_record(branding)
    branding.accent = accent or None
    branding.texts = {
        language: {kind: said[kind] for kind in KINDS if said.get(kind)} for language, said in texts.items()
    }
    await _record(work, org_id, before, branding, now=now, by=by)


async def set_logo(
    work: Work, org_id: OrgId, logo: Logo | None, *, revision: int, now: datetime, by: By
) -> None:
    """Patients see this picture from now on, or none; raises Overtaken."""
    branding = await _lock(work, org_id, revision)
    before = _on_record(branding)
    branding.logo = logo.content if logo else None
    branding.logo_type = logo.media_type if logo else None
    branding.logo_hash = logo.name if logo else None
    await _record(work, org_id, before, branding, now=now, by=by)


async def _lock(work: Work, org_id: OrgId, revision: int) -> Branding:
    owner = await lock_organisation(work, org_id)
    if owner.revision != revision:
        raise Overtaken
    owner.revision += 1
    branding = await find_branding(work, org_id)
    if branding is None:
        branding = Branding(org_id=org_id, texts={})
        work.session.add(branding)
    return branding


def _on_record(branding: Branding) -> dict[str, str | int | bool | None]:
    said = {
        f"{kind}_{language}": text
        for language, texts in branding.texts.items()
        for kind, text in texts.items()
    }
    return {"accent": branding.accent, "logo": branding.logo_hash, **said}


async def _record(
    work: Work,
    org_id: OrgId,
    before: dict[str, str | int | bool | None],
    branding: Branding,
    *,
    now: datetime,
    by: By,
) -> None:
    after = dict.fromkeys(before) | _on_record(branding)
    await record(
        work,
        org_id,
        Act.branding_changed,
        by=by,
        subject=str(org_id),
        at=now,
        **before_and_after(before, after),
    )
