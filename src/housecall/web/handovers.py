"""A hand-over's address as pages show it: to open, to copy, and as a picture to scan."""

from typing import Any

import segno


def address_of(public_url: str, code: str) -> dict[str, Any]:
    """What a page gets that asked for a hand-over."""
    url = f"{public_url}/h/{code}"
    return {"url": url, "picture": picture_of(url)}


def picture_of(url: str) -> dict[str, str | int]:
    """The address as a QR code: one path of an SVG, in modules, within a square of ``size`` that has its margin."""
    code = segno.make(url, error="m", micro=False)
    dark = [
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix_iter(border=4))
        for x, module in enumerate(row)
        if module
    ]
    return {"path": "".join(dark), "size": int(code.symbol_size(border=4)[0])}
