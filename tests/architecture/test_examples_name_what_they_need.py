"""Examples name the packages that have to be installed for them."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT

DISTRIBUTIONS = {
    "PIL": "pillow",
    "hydra": "hydra-core",
    "ray": '"ray[tune]"',
    "sklearn": "scikit-learn",
    "stable_baselines3": "stable-baselines3",
}
"""Distributions whose names are not those of their packages."""
REQUIRED = set(re.findall(r"^[A-Za-z0-9_-]+", (PROJECT / "requirements.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("example", sorted((PROJECT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_names_every_package_it_imports(example: Path) -> None:
    tree = ast.parse(example.read_text(encoding="utf-8"))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"runicorn"}
    needed = {DISTRIBUTIONS.get(package, package) for package in packages} - REQUIRED
    named = re.findall(r"pip install ([^;,\n]+)", ast.get_docstring(tree) or "")
    assert needed <= set(" ".join(named).split())
