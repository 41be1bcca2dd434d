"""``housecall``: reads the command line and the environment, and hands over to one command."""

import argparse
import asyncio
import logging
import os
import sys

import uvloop

from housecall import __version__
from housecall.kit.collector import collector_at_rest
from housecall.kit.errors import HousecallError
from housecall.kit.log import set_up_logging
from housecall.kit.settings import Settings

with collector_at_rest():
    from housecall.commands import (
        admin,
        check,
        connect,
        demo,
        departments,
        migrate,
        replay,
        rotate_key,
        serve,
        settings,
        siu,
        teams,
    )

log = logging.getLogger(__name__)

_COMMANDS = (
    serve,
    serve.work,
    migrate,
    demo,
    connect,
    rotate_key,
    siu,
    replay,
    admin,
    check,
    teams,
    departments,
    settings,
)


def main() -> None:
    """Run one command; a fault we foresaw is one sentence on standard error, and exit code 1."""
    arguments = _parser().parse_args()
    try:
        given = Settings(os.environ)
        set_up_logging(given.text("HOUSECALL_LOG_LEVEL"))
        code = arguments.run(given, arguments)
        if asyncio.iscoroutine(code):
            code = uvloop.run(code)
    except HousecallError as error:
        print(f"housecall: {error.sentence} [{error.code}]", file=sys.stderr)  # noqa: T201
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="housecall", description="Connects electronic health records and video visits."
    )
    parser.add_argument("--version", action="version", version=f"housecall {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in _COMMANDS:
        command.add_to(commands)
    return parser
