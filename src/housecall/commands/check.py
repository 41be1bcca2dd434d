"""``housecall check``: tests a deployment and says how to mend it; prints a table, or JSON for programs."""

import argparse
import asyncio
import json
import sys
import textwrap
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from housecall.checks.model import Ground, Level, Result, fail
from housecall.checks.registry import get_check, run_all
from housecall.compose import Place, build_house, close_house, open_place
from housecall.db.embedded_errors import EmbeddedPostgresError
from housecall.kit.settings import Settings

_SIGNS: Final = {Level.ok: "ok", Level.warn: "WARN", Level.fail: "FAIL", Level.skipped: "-"}
_WIDTH: Final = 100


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="test this deployment, and say how to mend it")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Test everything; 0 when nothing failed, 1 when something did."""
    try:
        place = open_place(settings)
    except (SQLAlchemyError, OSError, EmbeddedPostgresError):
        found = fail("The database does not answer; nothing else was tested.", "Mend HOUSECALL_DATABASE_URL.")
        results = [Result(get_check("database"), (found,), 0)]
    else:
        try:
            results = asyncio.run(_check(settings, place))
        finally:
            place.leave()
    print(json.dumps(_as_json(results)) if arguments.json else _as_table(results), file=sys.stdout)  # noqa: T201
    return 1 if any(result.level is Level.fail for result in results) else 0


async def _check(settings: Settings, place: Place) -> list[Result]:
    house = await build_house(settings, place)
    try:
        return await run_all(Ground(settings, house.database, house.desk))
    finally:
        await close_house(house)


def _as_json(results: list[Result]) -> dict[str, object]:
    return {
        "ok": all(result.level is not Level.fail for result in results),
        "checks": [
            {
                "name": result.check.name,
                "state": result.level.value,
                "took_ms": result.took_ms,
                "findings": [
                    {"state": one.level.value, "sentence": one.sentence, "mend": one.mend}
                    for one in result.findings
                ],
            }
            for result in results
        ],
    }


def _as_table(results: list[Result]) -> str:
    lines = []
    for result in results:
        for number, finding in enumerate(result.findings):
            head = f"{_SIGNS[finding.level]:<5}{result.check.title if not number else '':<18}"
            lines.append(_wrapped(finding.sentence, head))
            if finding.mend:
                lines.append(_wrapped(f"> {finding.mend}", " " * len(head)))
    failed = sum(result.level is Level.fail for result in results)
    lines.append("")
    lines.append("Nothing failed." if not failed else f"{failed} of {len(results)} checks failed.")
    return "\n".join(lines)


def _wrapped(sentence: str, head: str) -> str:
    return textwrap.fill(
        sentence, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False
    )
