"""The audit log has one spelling of a change: ``name_before`` and ``name_after``, both made by one function."""

import ast

from tests.shape.source import name_of, python_files, tree


def test_what_changed_is_recorded_in_one_spelling() -> None:
    faults = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record":
                faults += [
                    f"{name_of(path)}:{node.lineno}"
                    for one in node.keywords
                    if is_own_spelling(one.arg or "")
                ]
    assert not faults


def is_own_spelling(name: str) -> bool:
    words = name.split("_")
    return "before" in words or "after" in words
