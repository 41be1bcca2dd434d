"""Imports point down, and adapters know no database."""

import logging

from importlinter import cli

from tests.shape.source import ROOT


def test_imports_point_down() -> None:
    try:
        assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
    finally:
        # It sets up logging for itself and silences every logger there is: later tests listen to ours.
        for logger in logging.root.manager.loggerDict.values():
            if isinstance(logger, logging.Logger):
                logger.disabled = False
