"""The project's own files, read once for the shape tests."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "housecall"


def python_files() -> list[Path]:
    """Every module of the package, migrations left out."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)


def client_files() -> list[Path]:
    """Every module of the browser client."""
    return sorted((ROOT / "client" / "src").rglob("*.ts"))


@lru_cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
