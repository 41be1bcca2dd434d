"""Answers that are no pages: the way on, values for a script, files to keep; and a form's status. None is cached."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, RedirectResponse, StreamingResponse

from housecall.kit.csv import stream_csv

# How the page of a form answers that is shown again: with faults, or because somebody else was first.
FORM_FAULTY: Final = 400
FORM_OVERTAKEN: Final = 409

_NO_STORE: Final = {"Cache-Control": "no-store"}


def fresh(body: Any) -> JSONResponse:
    """``body`` as JSON."""
    return JSONResponse(body, headers=_NO_STORE)


def go_to(address: str, *, is_secret: bool = False) -> RedirectResponse:
    """On to the address, asked for anew; ``is_secret``: and no other site hears where from."""
    headers = _NO_STORE | ({"Referrer-Policy": "no-referrer"} if is_secret else {})
    return RedirectResponse(address, status_code=303, headers=headers)


def form_status(faults: object, *, is_stale: bool = False) -> int:
    """How a form's page answers."""
    if is_stale:
        return FORM_OVERTAKEN
    return FORM_FAULTY if faults else 200


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """The rows under their columns, to be saved as ``name``."""
    return StreamingResponse(
        stream_csv(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', **_NO_STORE},
    )
