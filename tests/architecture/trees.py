"""The syntax trees of our files, parsed once for all tests that look at them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the parsed tree of a file; shared, so callers must not change it."""
    return ast.parse(path.read_text(encoding="utf-8"))
