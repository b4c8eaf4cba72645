"""Completion of imports whose process was killed after the commit.

The next reader of a store completes them, so that an import is visible completely or not at all. The function that
does it belongs to `runicorn_tools.archives`, a higher layer, and is registered by `runicorn/__init__.py`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from `typing`: this is loaded with the package
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_complete: Callable[[Path], None] | None = None


def register(complete: Callable[[Path], None]) -> None:
    """Set the function that completes all committed imports of a storage root."""
    global _complete
    _complete = complete


def finish(root: Path) -> None:
    """Complete the committed imports of a storage root, if there are any."""
    if _complete is not None and any((root / ".runicorn").glob("import-*/commit.json")):
        _complete(root)
