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


def test_every_public_function_and_class_has_a_docstring() -> None:
    bare = [
        f"{_place(path, node)} {node.name}"
        for path in _sources()
        for node in _public(tree_of(path))
        if not ast.get_docstring(node)
    ]
    assert not bare, "\n".join(bare)
