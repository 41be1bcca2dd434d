"""Imports point down, and adapters know no database."""

from importlinter import cli

from tests.shape.source import ROOT


def test_imports_point_down() -> None:
    assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
