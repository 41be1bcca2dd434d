"""A log call's text is constant: values go under named keys, where they can be judged."""

import ast

from tests.shape.source import name_of, python_files, tree

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def test_no_log_call_formats_a_value_into_its_text() -> None:
    faults = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if is_log_call(node) and not is_constant_call(node):  # type: ignore[arg-type]
                faults.append(f"{name_of(path)}:{node.lineno}")  # type: ignore[attr-defined]
    assert not faults


def is_log_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("log", "logger", "logging")
    )


def is_constant_call(node: ast.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0], ast.Constant)
