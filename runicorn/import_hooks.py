"""Import hooks of other packages."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

PLAIN_FINDERS = ("runicorn", "importlib_metadata")
"""Packages whose import hooks list no other distributions than Python does."""


def has_foreign_finders() -> bool:
    """Return whether import hooks of this process may list distributions that are not in `sys.path`."""
    return any(
        finder is not PathFinder
        and hasattr(finder, "find_distributions")
        and not set(finder.__module__.split(".")).intersection(PLAIN_FINDERS)
        for finder in sys.meta_path
    )
