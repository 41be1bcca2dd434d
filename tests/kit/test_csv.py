"""CSV that a spreadsheet opens without running it."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.kit.csv import safe_cell, stream_csv


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_formula_is_disarmed(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-5, "-5"), (-0.5, "-0.5"), (0, "0"), (None, ""), ("", ""), ("a=b", "a=b"), ("Dr. Ø", "Dr. Ø")],
)
def test_numbers_stay_numbers_and_words_stay_words(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_a_file_begins_with_a_mark_and_its_header() -> None:
    lines = list(stream_csv(["When", "What"], [[datetime(2026, 11, 24, tzinfo=UTC), 'say "hi", please']]))

    assert lines == ["\ufeffWhen,What\r\n", '2026-11-24 00:00:00+00:00,"say ""hi"", please"\r\n']


@given(
    st.lists(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs"])), min_size=2, max_size=2))
)
def test_every_cell_comes_back_whole_and_none_is_a_formula(rows: list[list[str]]) -> None:
    written = "".join(stream_csv(["a", "b"], rows)).removeprefix("\ufeff")

    read = list(csv.reader(io.StringIO(written, newline="")))[1:]

    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not [
        cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    ]


def test_rows_are_written_as_they_are_asked_for() -> None:
    """A file of fifty thousand rows is never in memory as a whole."""
    asked: list[int] = []

    def rows() -> object:
        for number in range(3):
            asked.append(number)
            yield [number]

    lines = stream_csv(["n"], rows())  # type: ignore[arg-type]
    next(lines)
    next(lines)

    assert asked == [0]
