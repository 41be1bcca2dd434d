"""An organisation's own look on its patients' pages: its picture's address, its colour as a style, its texts."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.colour import Shades
from housecall.kit.ids import OrgId
from housecall.tenancy.branding import shades_of
from housecall.tenancy.store import find_branding, find_logo
from housecall.web.audience import Audience, anyone
from housecall.web.house import house_of

routes = Audience("branding", guard=anyone, include_in_schema=False)


@dataclass(frozen=True)
class Brand:
    """What the pages draw; all empty where nothing was set."""

    logo: str = ""
    style: str = ""
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    def say(self, kind: str, language: str) -> str:
        """The organisation's text of that kind in the reader's language; empty where it wrote none in it."""
        return self.texts.get(language, {}).get(kind, "")


async def read_brand(work: Work, org_id: OrgId) -> Brand:
    """The organisation's look as it stands."""
    found = await find_branding(work, org_id)
    if found is None:
        return Brand()
    logo = f"/brand/{org_id}/{found.logo_hash}" if found.logo_hash else ""
    return Brand(logo, style_of(found.accent) if found.accent else "", found.texts)


def style_of(accent: str) -> str:
    """The colour as custom properties, for light and for dark pages; only digits that were checked stand in it."""
    light, dark = shades_of(accent)
    return f":root{{{_properties(light)}}}@media (prefers-color-scheme: dark){{:root{{{_properties(dark)}}}}}"


def _properties(shades: Shades) -> str:
    return (
        f"--accent:{shades.accent};--accent-strong:{shades.strong};"
        f"--accent-soft:{shades.soft};--on-accent:{shades.on_accent}"
    )


@routes.get("/brand/{org_id}/{name}")
async def logo(request: Request, org_id: uuid.UUID, name: str) -> Response:
    """The organisation's picture, as nothing but a picture, whatever is in it."""
    async with house_of(request).database.work() as work:
        found = await find_logo(work, OrgId(org_id), name)
    if found is None:
        return Response(status_code=404)
    return Response(found[0], media_type=found[1], headers=_HEADERS)


_HEADERS: dict[str, Any] = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
