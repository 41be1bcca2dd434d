"""The handbook cannot rot: settings, error codes, audit words, commands and features stand in docs/reference."""

import importlib
import pkgutil
import re

import pytest
from tools import reference, reference_words

import housecall
from housecall.audit.model import Act
from housecall.kit.errors import every_error
from housecall.kit.settings import SETTINGS
from tests.shape.source import ROOT

REFERENCE = ROOT / "docs" / "reference"


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def load_everything() -> None:
    for module in pkgutil.walk_packages(housecall.__path__, "housecall."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            importlib.import_module(module.name)


def test_every_setting_is_in_the_reference_with_its_default() -> None:
    page = read("settings.md")
    missing = [s.name for s in SETTINGS if f"`{s.name}`" not in page or s.sentence not in page]
    assert not missing


def test_every_error_code_is_in_the_reference() -> None:
    load_everything()
    page = read("errors.md")
    codes = {error.code for error in every_error() if error.__module__.startswith("housecall.")}
    assert not sorted(code for code in codes if f"`{code}`" not in page)


def test_every_audit_word_is_in_the_reference() -> None:
    page = read("audit.md")
    assert not [act.value for act in Act if f"`{act.value}`" not in page]


@pytest.mark.parametrize("name", reference.PAGES)
def test_every_page_made_from_the_code_is_up_to_date(name: str) -> None:
    """If it is not: ``python -m tools.reference`` writes them all."""
    assert read(name) == reference.PAGES[name]()


def test_every_audit_word_has_its_sentence_and_is_recorded_somewhere() -> None:
    assert set(reference_words.AUDIT) == set(Act)
    assert not [act.value for act in Act if not reference.recorded_in(act)]


def test_no_sentence_is_left_of_a_command_or_option_that_is_gone() -> None:
    parsers = reference.command_parsers()
    options = {name for parser in parsers.values() for name in parser._option_string_actions}

    assert set(reference_words.COMMANDS) == set(parsers)
    assert set(reference_words.OPTIONS) == {name for name in options if name not in ("-h", "--help")}
    assert set(reference_words.MAKES) == set(reference.make_targets()) - {"bench-%"}


def test_the_state_diagrams_show_the_tables_and_nothing_else() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", read("states.md"), re.MULTILINE)
    tables = (
        reference.visits.VISIT_MOVES,
        reference.visits.PARTICIPANT_MOVES,
        reference.messages.MOVES,
        reference.tenancy.MOVES,
    )

    moves = [
        (before.value, after.value, verb.replace("_", " "))
        for table in tables
        for (before, verb), after in table.items()
    ]

    assert drawn == moves


def test_every_feature_row_names_tests_that_exist() -> None:
    page = read("features.md")
    rows = [line for line in page.splitlines() if re.match(r"^\| [A-Z]\d", line)]
    assert len(rows) >= 70
    faults = []
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        name, state, tests = cells[0], cells[2], cells[3]
        if state not in ("works", "partly", "not yet"):
            faults.append(f"{name}: state {state}")
        named = re.findall(r"`([^`]+)`", tests)
        if state != "not yet" and not named:
            faults.append(f"{name}: no test named")
        faults += [f"{name}: {test} does not exist" for test in named if not stands(test)]
    assert not faults


def test_every_complaint_names_tests_that_exist() -> None:
    rows = [line for line in read("what-hurts.md").splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`([^`]+)`", row.rsplit("|", 2)[1]) for row in rows]

    assert len(rows) >= 25
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    assert [test for tests in named for test in tests if not stands(test)] == []


def stands(name: str) -> bool:
    """Whether ``path`` or ``path::test`` is in the tree."""
    path, _, function = name.partition("::")
    file = ROOT / path
    if not file.exists():
        return False
    return not function or function in file.read_text(encoding="utf-8")
