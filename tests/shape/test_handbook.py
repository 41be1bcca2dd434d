"""What the handbook names is there: files, functions, links, tables, and everything that calls out."""

import ast
import re
from pathlib import Path

import pytest

from housecall.db.base import Base
from tests.shape.source import PACKAGE, ROOT, name_of, python_files, tree
from tests.shape.test_docs import load_everything

ROOTS = (ROOT, PACKAGE, ROOT / "client")
# Made by a command, so not there in a fresh checkout.
MADE = {"screenshots/"}
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if path.parent.name not in ("adr",) and path.name != "CHANGELOG.md"
)
IS_PATH = re.compile(
    r"^(?![./])([\w./-]+(?:\.(?:py|ts|css|json|toml|md|sh|sql)|/))(?::([A-Za-z_]\w*(?:\.\w+)?))?$"
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_and_name_in_the_handbook_is_in_the_code(page: Path) -> None:
    faults = []
    for word in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        match = IS_PATH.match(word)
        if match is None or word in MADE:
            continue
        path = find(match[1])
        if path is None or (match[2] and match[2] not in names_in(path)):
            faults.append(word)
    assert not faults


def find(named: str) -> Path | None:
    """The file or folder; a bare file name is one that several rooms have."""
    if "/" not in named:
        return next(PACKAGE.rglob(named), None) or next(ROOT.glob(named), None)
    return next((root / named for root in ROOTS if (root / named).exists()), None)


def names_in(path: Path) -> set[str]:
    """Functions, classes, methods and constants of a Python file; anything declared in a TypeScript one."""
    if path.suffix == ".py":
        return {found for node in tree(path).body for found in python_names(node)}
    text = path.read_text(encoding="utf-8")
    found = set(
        re.findall(r"^(?:export )?(?:async )?(?:function|class|const|interface|type) (\w+)", text, re.M)
    )
    for owner, body in re.findall(r"^(?:export )?class (\w+).*?\{\n(.*?)^\}", text, re.M | re.S):
        methods = re.findall(r"^  (?:private |async |static |get )*(\w+)\(", body, re.M)
        found |= {f"{owner}.{method}" for method in methods}
    return found


def python_names(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return {node.name}
        case ast.ClassDef():
            inner = {found for part in node.body for found in python_names(part)}
            return {node.name} | {f"{node.name}.{one}" for one in inner}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=word)):
            return {word}
    return set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_in_the_handbook_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ours = [link for link in links if "://" not in link]
    assert not [link for link in ours if not (page.parent / link).exists()]


def test_every_page_is_reached_from_the_handbooks_first() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.name != "README.md"]
    assert not [name(page) for page in pages if f"({page.relative_to(ROOT / 'docs')})" not in index]


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 90


def test_every_column_we_store_is_in_the_privacy_page() -> None:
    """A column that is added has to say there what it holds of people."""
    load_everything()
    page = (ROOT / "docs" / "explanation" / "privacy.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", page, re.M | re.S))

    stored = {
        table.name: {column.name for column in table.columns} for table in Base.metadata.tables.values()
    }

    assert set(sections) == set(stored)
    named = {table: set(re.findall(r"`(\w+)`", text)) for table, text in sections.items()}
    assert {table: stored[table] - named[table] for table in stored if stored[table] - named[table]} == {}


def test_everything_that_calls_out_is_in_the_list_of_outgoing_calls() -> None:
    page = (ROOT / "docs" / "reference" / "outgoing.md").read_text(encoding="utf-8")
    calls_out = re.compile(r"httpx\.Async(?:Client|HTTPTransport)\(|urlopen|aiohttp|smtplib|Redis\.from_url")

    found = [
        str(path.relative_to(PACKAGE))
        for path in python_files()
        if "sandbox" not in path.parts and calls_out.search(path.read_text(encoding="utf-8"))
    ]

    assert found
    assert not [path for path in found if f"`{path}`" not in page], name_of(PACKAGE)
