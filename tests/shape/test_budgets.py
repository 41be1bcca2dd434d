"""Files stay under 400 lines and functions under 40; the exceptions are named and may only shrink."""

import re

import pytest

from tests.shape.source import client_files, functions, name_of, python_files

MOST_LINES_A_FILE = 400
MOST_LINES_A_FUNCTION = 40
EXCEPTIONS: dict[str, int] = {}


def test_no_file_passes_its_budget() -> None:
    too_long = {
        name_of(path): lines
        for path in [*python_files(), *client_files()]
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > EXCEPTIONS.get(name_of(path), MOST_LINES_A_FILE)
    }
    assert not too_long


def test_no_function_passes_its_budget() -> None:
    too_long = {}
    for path in python_files():
        for function in functions(path):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > MOST_LINES_A_FUNCTION:
                too_long[f"{name_of(path)}:{function.name}"] = lines
    assert not too_long


def test_no_client_function_passes_its_budget() -> None:
    too_long = {}
    for path in client_files():
        for name, lines in client_functions(path.read_text(encoding="utf-8")):
            if lines > MOST_LINES_A_FUNCTION:
                too_long[f"{name_of(path)}:{name}"] = lines
    assert not too_long


def client_functions(text: str) -> list[tuple[str, int]]:
    """Functions and methods of a formatted TypeScript file: from the line that opens one to the brace below it."""
    found = []
    lines = text.splitlines()
    opening = re.compile(
        r"^(\s*)(?:export )?(?:async )?(?:function )?(?:private |public |static |async )*(\w+)\(.*\{$"
    )
    for number, line in enumerate(lines):
        match = opening.match(line)
        if not match or match[2] in ("if", "for", "while", "switch", "catch"):
            continue
        for length, below in enumerate(lines[number:], start=1):
            if length > 1 and re.match(rf"^{match[1]}\}}", below):
                found.append((match[2], length))
                break
    return found


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "data", "info"])
def test_no_module_is_named_after_nothing(name: str) -> None:
    assert not [
        path for path in [*python_files(), *client_files()] if path.stem == name or path.parent.name == name
    ]
