"""Answers that are no pages: values for a script, and files to keep. None is cached."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, StreamingResponse

from housecall.kit.csv import stream_csv

_NO_STORE: Final = {"Cache-Control": "no-store"}


def fresh(body: Any) -> JSONResponse:
    """``body`` as JSON."""
    return JSONResponse(body, headers=_NO_STORE)


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """The rows under their columns, to be saved as ``name``."""
    return StreamingResponse(
        stream_csv(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', **_NO_STORE},
    )
