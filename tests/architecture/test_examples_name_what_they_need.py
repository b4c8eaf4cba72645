"""Examples name the packages that have to be installed for them."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

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


def unnamed_packages(example: Path) -> set[str]:
    """Return the packages that an example imports and does not name."""
    tree = ast.parse(example.read_text(encoding="utf-8"))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"runicorn"}
    needed = {DISTRIBUTIONS.get(package, package) for package in packages} - REQUIRED
    named = re.findall(r"pip install ([^;,\n]+)", ast.get_docstring(tree) or "")
    return needed - set(" ".join(named).split())


def test_every_example_names_the_packages_that_it_imports() -> None:
    examples = sorted((PROJECT / "examples").glob("*.py"))
    assert examples
    missing = {example.name: unnamed_packages(example) for example in examples}
    assert {name: packages for name, packages in missing.items() if packages} == {}
