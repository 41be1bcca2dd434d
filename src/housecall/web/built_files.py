"""Our own scripts and style sheets: kept for ever by browsers, and sent compressed.

Only these are compressed. A page holds what is a person's own beside what the address said, and the length of
the two compressed together would tell of the first (BREACH).
"""

import gzip
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Their names hold their content's hash, so they never change.
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# Pictures, fonts and films are compressed in themselves.
_SHRINKS: Final = frozenset({".js", ".css", ".svg", ".json", ".wasm", ".map"})
_REFUSED: Final = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})


class BuiltFiles(StaticFiles):
    """The build's files; one that is not there may be there after the next deployment, so that is not kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed where the browser takes it; 404 raises, as in any StaticFiles."""
        answer = await super().get_response(path, scope)
        shrinks = Path(path).suffix in _SHRINKS
        if isinstance(answer, FileResponse) and shrinks and _takes_gzip(Headers(scope=scope)):
            answer = await _compressed(answer)
        answer.headers["Cache-Control"] = _FOR_EVER
        if shrinks:
            answer.headers["Vary"] = "Accept-Encoding"
        return answer


async def _compressed(plain: FileResponse) -> Response:
    path = os.fspath(plain.path)
    body = await anyio.to_thread.run_sync(_gzipped, path, os.stat(path).st_mtime_ns)
    return Response(body, media_type=plain.media_type, headers={"Content-Encoding": "gzip"})


@lru_cache(maxsize=128)
def _gzipped(path: str, _changed_ns: int) -> bytes:
    """The file as gzip; made once, at its first reader's cost of a few milliseconds."""
    return gzip.compress(Path(path).read_bytes(), compresslevel=9, mtime=0)


def _takes_gzip(headers: Headers) -> bool:
    for offer in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = (part.strip() for part in offer.partition(";"))
        if name in ("gzip", "*"):
            return weight not in _REFUSED
    return False
