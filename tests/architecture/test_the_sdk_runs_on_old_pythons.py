"""Syntax of `runicorn/` on the oldest Python that its distribution allows."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from tests.architecture.trees import tree_of

PROJECT = Path(__file__).resolve().parents[2]
METADATA = tomllib.loads((PROJECT / "sdk" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = tuple(map(int, METADATA["requires-python"].removeprefix(">=").split(".")))
MODULES = sorted((PROJECT / "runicorn").rglob("*.py"))


def test_every_module_compiles_there() -> None:
    assert OLDEST == (3, 9)
    for path in MODULES:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=OLDEST)


NEWER = {"Self", "Unpack", "Never", "NotRequired", "assert_never", "tomllib", "StrEnum", "UTC"}


def test_no_name_of_newer_pythons_is_imported_at_the_top_and_no_zip_is_strict() -> None:
    wrong = []
    for path in MODULES:
        tree = tree_of(path)
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names}
                if names & NEWER and getattr(node, "module", "") != "runicorn.newer_python":
                    wrong.append(f"{path.name}:{node.lineno} imports {names & NEWER}")
        wrong += [
            f"{path.name}:{node.lineno} zips strictly"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) == "zip"
            and any(keyword.arg == "strict" for keyword in node.keywords)
        ]
    assert not wrong


def test_annotations_are_not_evaluated_and_no_types_are_joined_by_a_bar() -> None:
    """`int | str` is an object since Python 3.10; in an annotation it is text if the module asks for it."""
    wrong = []
    for path in MODULES:
        tree = tree_of(path)
        imports = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        if "__future__" not in imports and any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree)):
            wrong.append(f"{path.name} evaluates its annotations")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
                wrong += [
                    f"{path.name}:{node.lineno}" for item in node.args[1:] if isinstance(item, ast.BinOp)
                ]
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
                names = {item.id for item in ast.walk(node.value) if isinstance(item, ast.Name)}
                if names & {"str", "int", "float", "bool", "bytes"} and isinstance(node.value.op, ast.BitOr):
                    wrong.append(f"{path.name}:{node.lineno}")
    assert not wrong
