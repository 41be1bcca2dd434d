"""The list of checks in the handbook and the tests say the same."""

import re
from pathlib import Path

from tests.shape.test_docs import stands

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "smart-checks.md"


def named() -> list[str]:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return re.findall(r"`(tests/[^`]+)`", "\n".join(rows))


def test_every_test_that_the_list_names_is_there() -> None:
    found = named()

    assert len(found) > 60
    assert [name for name in found if not stands(name)] == []


def test_every_check_of_the_suite_that_is_tested_is_on_the_list() -> None:
    """Those of one variant alone that only repeat a check are told by its row."""
    listed = {name.partition("::")[2] for name in named()}
    tested = re.findall(
        r"def (test_(?:inferno_(?:authorization|token|registration|interaction)|trap)_\w+)",
        "\n".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("test_inferno_*.py"))),
    )

    assert len(tested) > 30
    assert [name for name in tested if name not in listed] == []


def test_every_row_of_the_list_has_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    bare = [row for row in rows if "`tests/" not in row and not re.match(r"^\| (check|rule|trap) \|", row)]
    assert bare == []
