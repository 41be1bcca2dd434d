"""``housecall migrate``: brings the database to this version's tables."""

import argparse

from housecall.compose import open_place
from housecall.kit.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("migrate", help="bring the database to this version's tables")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Migrate and leave."""
    open_place(settings).leave()
    return 0
