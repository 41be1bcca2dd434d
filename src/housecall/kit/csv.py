"""CSV that a spreadsheet opens without running it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# A cell that begins with one of these is read as a formula by spreadsheets (OWASP CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """The value as text; a leading formula sign is disarmed with an apostrophe, numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) or not text.startswith(_FORMULA_STARTS):
        return text
    return "'" + text


def stream_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of RFC 4180 CSV, a byte-order mark first so that spreadsheets read UTF-8."""
    yield "\ufeff" + _line(header)
    for row in rows:
        yield _line([safe_cell(cell) for cell in row])


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
