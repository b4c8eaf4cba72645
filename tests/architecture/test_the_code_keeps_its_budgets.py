"""Sizes that keep a file readable, and habits that hide failures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.trees import tree_of

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("runicorn", "runicorn_site", "runs", "artifacts", "metrics", "remote")


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(PROJECT)}{line}"


def test_no_file_is_longer_than_400_lines() -> None:
    long = [_place(path) for path in _sources() if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert not long, "\n".join(long)


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        _place(path, node)
        for path in _sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= 60
    ]
    assert not long, "\n".join(long)


def test_at_most_three_broad_excepts_exist_and_each_is_logged() -> None:
    broad = [
        (path, node)
        for path in _sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    ]
    silent = [_place(p, n) for p, n in broad if "log" not in ast.unparse(n) and "raise" not in ast.unparse(n)]
    assert not silent, "\n".join(silent)
    assert len(broad) <= 3, "\n".join(_place(path, node) for path, node in broad)


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not node.name.startswith("_"):
            yield node


DOCUMENTED = (
    "runicorn/tracking",
    "runicorn/api",
    "runs/api",
    "metrics/api",
    "artifacts/api",
    "remote/api",
    "runicorn_site/api",
)


def test_public_functions_of_the_sdk_the_client_and_the_routes_have_docstrings() -> None:
    bare = [
        f"{_place(path, node)} {node.name}"
        for path in _sources()
        if path.relative_to(PROJECT).as_posix().startswith(DOCUMENTED)
        for node in _public(tree_of(path))
        if not ast.get_docstring(node)
    ]
    assert not bare, "\n".join(bare)


SERVER = ("runicorn_site", "runs", "artifacts", "metrics", "remote")
# Functions that still return untyped dictionaries, by folder. The numbers only become smaller.
UNTYPED = {
    "runicorn_site": 2,
    "runicorn_site/api": 13,
    "runicorn_site/database": 3,
    "runicorn_site/pages": 7,
    "runicorn_site/security": 3,
    "runicorn_site/transport": 1,
    "runicorn_site/web": 1,
}


def _returns_untyped_dict(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.returns is not None
        and "dict[str, Any]" in ast.unparse(node.returns)
    )


def test_server_functions_return_typed_dictionaries() -> None:
    places: dict[str, list[str]] = {}
    for path in _sources():
        parts = path.relative_to(PROJECT).parts
        if parts[0] in SERVER:
            untyped = [_place(path, node) for node in ast.walk(tree_of(path)) if _returns_untyped_dict(node)]
            places.setdefault("/".join(parts[:2]) if len(parts) > 2 else parts[0], []).extend(untyped)
    more = {folder: found for folder, found in places.items() if len(found) > UNTYPED.get(folder, 0)}
    assert not more, more


MOST_LINES = 53_000


def test_python_code_outside_tests_does_not_grow() -> None:
    """Lines that are not blank."""
    lines = sum(
        bool(line.strip()) for path in _sources() for line in path.read_text(encoding="utf-8").splitlines()
    )
    assert lines <= MOST_LINES
