"""Writes the pages of docs/reference that are made from the code: ``python -m tools.reference``.

A test fails when a page is not what this writes.
"""

import argparse
import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi.routing import APIRoute
from tools import reference_words as words

import housecall
from housecall.app import AUDIENCES
from housecall.audit.model import Act
from housecall.commands.main import _parser
from housecall.kit.errors import HousecallError, every_error
from housecall.kit.settings import SETTINGS, Setting
from housecall.messaging import model as messages
from housecall.messaging.providers import gateway
from housecall.realtime.errors import close_code
from housecall.tenancy import model as tenancy
from housecall.tenancy.model import ROLES_WITH, Right
from housecall.tenancy.service import DEFAULT_REMINDERS_MIN
from housecall.visits import model as visits
from housecall.visits.words import WAITING_TEXTS
from housecall.web import portal_guards
from housecall.web.errors import STATUS, WAY_ON

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = ROOT / "docs" / "reference"
SOURCE: Final = ROOT / "src" / "housecall"
MADE: Final = "<!-- Made from the code by `python -m tools.reference`; change it there. -->"


def load_everything() -> None:
    """Every module of the package is loaded, so that every error class is known."""
    for module in pkgutil.walk_packages(housecall.__path__, "housecall."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            importlib.import_module(module.name)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    lines = [list(head), ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines)


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([f"# {title}", MADE, *parts]) + "\n"


def code(text: str) -> str:
    """``text`` as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def settings() -> str:
    """Every setting; one that nothing reads says so."""
    rows = [(code(one.name), code(one.default), one.unit, _sentence_of(one)) for one in SETTINGS]
    listed = table(("name", "default", "unit", "what it does"), rows)
    return page("Settings", words.ABOUT_SETTINGS, listed, words.BESIDES_SETTINGS)


def _sentence_of(setting: Setting) -> str:
    return setting.sentence if is_read(setting.name) else f"{setting.sentence} Nothing reads it yet."


def is_read(name: str) -> bool:
    """Whether any code asks for the setting."""
    asked = re.compile(rf'\.(?:text|number|flag|words)\(\s*"{name}"')
    return any(asked.search(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py"))


def errors() -> str:
    """Every error code with its kind, status and sentence, by room."""
    load_everything()
    rooms: dict[str, list[type[HousecallError]]] = {}
    ours = [one for one in every_error() if one.__module__.startswith("housecall.")]
    for error in sorted(ours, key=lambda one: (one.code, one.__name__)):
        rooms.setdefault(error.code.split(".")[0], []).append(error)
    head = ("code", "kind", "HTTP", "socket", "sentence")
    sections = [f"## {room}\n\n{table(head, map(_error_row, rooms[room]))}" for room in sorted(rooms)]
    kinds = [(kind.value, str(STATUS[kind]), WAY_ON[kind]) for kind in STATUS]
    by_kind = table(("kind", "HTTP", "what to do next"), kinds)
    return page("Error codes", words.ABOUT_ERRORS, by_kind, words.ABOUT_CLOSING, *sections)


def _error_row(error: type[HousecallError]) -> tuple[str, ...]:
    closes = close_code(error.__new__(error))
    sentence = (error.__doc__ or "").strip().splitlines()[0]
    socket = str(int(closes)) if closes else ""
    return code(error.code), error.kind.value, str(STATUS[error.kind]), socket, sentence


def audit() -> str:
    """Every audit word, when it is written and where."""
    rows = [(code(act.value), words.AUDIT[act], ", ".join(map(code, recorded_in(act)))) for act in Act]
    listed = table(("word", "written when", "in"), rows)
    return page("Audit words", words.ABOUT_AUDIT, words.ABOUT_ACTORS, listed)


def recorded_in(act: Act) -> list[str]:
    """The files that record the act."""
    name = re.compile(rf"\bAct\.{act.name}\b")
    found = [path for path in sorted(SOURCE.rglob("*.py")) if name.search(path.read_text(encoding="utf-8"))]
    return [str(path.relative_to(SOURCE)) for path in found]


def roles() -> str:
    """Who may what in the portal, right by right and address by address."""
    rights = [(code(right.value), ", ".join(role.value for role in ROLES_WITH[right])) for right in Right]
    guards = {
        portal_guards.signed_in: Right.use_portal,
        portal_guards.administrator: Right.administer,
        portal_guards.report_reader: Right.read_reports,
        portal_guards.auditor: Right.read_audit,
        portal_guards.visit_holder: Right.hold_visits,
        portal_guards.guest_inviter: Right.invite_guests,
    }
    addresses = [
        (code(f"{method} {route.path}"), ", ".join(role.value for role in ROLES_WITH[guards[audience.guard]]))
        for audience in AUDIENCES
        if audience.guard in guards
        for route in audience.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]
    return page(
        "Roles",
        words.ABOUT_ROLES,
        table(("right", "roles"), rights),
        "## Address by address",
        table(("address", "roles"), sorted(addresses)),
    )


def states() -> str:
    """The state diagrams, drawn from the tables that the code obeys."""
    drawn = (
        ("Visit", "visits/model.py", visits.VISIT_MOVES, "Begun again after its end, a visit is a new one."),
        ("Participant", "visits/model.py", visits.PARTICIPANT_MOVES, "Staff have no lobby: they `enter`."),
        ("Message", "messaging/model.py", messages.MOVES, "`unknown`: it may have left, or not."),
        ("Connection", "tenancy/model.py", tenancy.MOVES, "A test connection works from `validated` on."),
    )
    parts = [
        f"## {name}\n\nFrom `{source}`. {note}\n\n```mermaid\n{visits.diagram(moves)}```"
        for name, source, moves, note in drawn
    ]
    return page("States", words.ABOUT_STATES, *parts)


def commands() -> str:
    """Every make target and every command with its options."""
    makes = [(code(f"make {name}"), words.MAKES[name]) for name in make_targets() if name != "bench-%"]
    makes += [(code(f"make bench-{name}"), f"Measures {words.BENCHES[name]}.") for name in benches()]
    listed = table(("type", "does"), makes)
    sections = [_command(name, parser) for name, parser in command_parsers().items()]
    about = ("## make", listed, words.ABOUT_MAKE, "## housecall", words.ABOUT_COMMANDS)
    return page("Commands", *about, *sections)


def make_targets() -> list[str]:
    """The Makefile's targets for people, in its order."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.findall(r"^([a-z][a-z%-]*):(?!=)", text, re.MULTILINE)


def benches() -> list[str]:
    """The benchmarks that can be run."""
    there = sorted((ROOT / "benchmarks").glob("*.py"))
    run = [one.stem for one in there if "__main__" in one.read_text(encoding="utf-8")]
    return [name for name in run if name in words.BENCHES]


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """The command line's own parsers, by command."""
    groups = [one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction)]
    return dict(groups[0].choices)


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    options = [one for one in parser._actions if one.option_strings and one.dest != "help"]
    parts = [f"### `housecall {name}`", words.COMMANDS[name]]
    if options:
        parts.append(table(("option", "default", "what it says"), map(_option, options)))
    return "\n\n".join(parts)


def _option(option: argparse.Action) -> tuple[str, str, str]:
    name = option.option_strings[-1]
    value = "" if option.nargs == 0 else "|".join(option.choices) if option.choices else _value(option)
    default = "required" if option.required else code(str(option.default)) if option.default else ""
    return code(f"{name} {value}".strip()), default, words.OPTIONS[name]


def _value(option: argparse.Action) -> str:
    named = str(option.metavar or option.dest.upper())
    return f"{named} …" if option.nargs == "+" else named


def texts() -> str:
    """What texts say, why one is not sent, and the gateway's words."""
    states_ = [(code(word), state.value) for word, state in gateway.STATES.items()]
    reasons = [(code(word), reason.value) for word, reason in gateway.REASONS.items()]
    held = ", ".join(code(one.value) for one in messages.SuppressReason)
    failed = ", ".join(code(one.value) for one in messages.FailReason)
    waiting = [(code(key), text["en"]) for key, text in WAITING_TEXTS.items()]
    return page(
        "Messages",
        words.ABOUT_MESSAGES,
        "## Not sent, and why",
        f"Held back by us (`suppressed`): {held}.",
        f"Did not reach the handset (`failed`): {failed}.",
        "## The HTTP gateway",
        words.GATEWAY,
        table(("its word for a status", "ours"), states_),
        table(("its word for a reason", "ours"), reasons),
        "Any other word is logged; such a status counts as `accepted`, such a reason as `other`.",
        "## What texts say",
        words.ABOUT_KINDS.format(reminders=" and ".join(map(str, DEFAULT_REMINDERS_MIN))),
        *_said_in_each_language(),
        "## Replies that are read",
        table(("language", "STOP", "START", "HELP"), _replies()),
        "Case, accents and punctuation do not count. Any other reply is neither read nor kept.",
        "## Words for the waiting room",
        "Chosen by key and said in the patient's language. The panel has no button for them yet.",
        table(("key", "English"), waiting),
    )


def _said_in_each_language() -> list[str]:
    kinds = [kind.value for kind in messages.MessageKind] + ["call"]
    return [
        f"### {language}\n\n" + table(("kind", "text"), [(kind, said["texts"][kind]) for kind in kinds])
        for language, said in _catalogues().items()
    ]


def _replies() -> list[tuple[str, ...]]:
    asked = ("stop", "start", "help")
    return [
        (language, *(", ".join(said["words"][one]) for one in asked))
        for language, said in _catalogues().items()
    ]


def _catalogues() -> dict[str, Any]:
    found = sorted((SOURCE / "messaging" / "catalogue").glob("*.json"), key=lambda path: path.stem != "en")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in found}


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings,
    "errors.md": errors,
    "audit.md": audit,
    "roles.md": roles,
    "states.md": states,
    "commands.md": commands,
    "messages.md": texts,
}


def main() -> None:
    """Every made page stands as the code says."""
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
