"""Sizes that keep a file readable, and habits that hide failures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.code_size import grown
from tests.architecture.trees import nodes_of, tree_of

PROJECT = Path(__file__).resolve().parents[2]
SERVER = ("runicorn_site", "runs", "artifacts", "metrics", "remote", "alerts", "people", "samples")
PACKAGES = ("runicorn", "runicorn_importers", "runicorn_tools", *SERVER)


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(PROJECT)}{line}"


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        _place(path, node)
        for path in _sources()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= 60
    ]
    assert not long, "\n".join(long)


def test_at_most_four_broad_excepts_exist_and_each_is_logged() -> None:
    broad = [
        (path, node)
        for path in _sources()
        for node in nodes_of(path)
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    ]
    silent = [_place(p, n) for p, n in broad if "log" not in ast.unparse(n) and "raise" not in ast.unparse(n)]
    assert not silent, "\n".join(silent)
    assert len(broad) <= 4, "\n".join(_place(path, node) for path, node in broad)


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
    "alerts/api",
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


TOOLS_OF_THE_SITE = {"cli", "demo"}
UNTYPED = ("dict[str, Any]", "dict[str, object]", "Mapping[str, Any]", "Mapping[str, object]")


def test_server_functions_return_typed_dictionaries() -> None:
    untyped = [
        _place(path, node)
        for path in _sources()
        if path.relative_to(PROJECT).parts[0] in SERVER and not TOOLS_OF_THE_SITE & set(path.parts)
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None
        if any(kind in ast.unparse(node.returns) for kind in UNTYPED)
    ]
    assert not untyped, "\n".join(untyped)


def test_no_alias_stands_for_an_untyped_dictionary() -> None:
    aliases = [
        _place(path, node)
        for path in _sources()
        if path.relative_to(PROJECT).parts[0] in SERVER
        for node in tree_of(path).body
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in UNTYPED
    ]
    assert not aliases, "\n".join(aliases)


def test_a_capability_that_grows_by_a_tenth_is_named_in_the_changelog() -> None:
    changelog = (PROJECT / "CHANGELOG.md").read_text("utf-8")
    silent = {folder: lines for folder, lines in grown().items() if f"`{folder}`" not in changelog}
    assert not silent, f"{silent}: see tests/architecture/code_size.py"
