"""Cells of marimo: which one is executed, and an output that is replaced while a run goes on.

The cell that is executed is not part of marimo's public interface: where it is kept elsewhere, marimo is as a script to us.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def current_cell() -> tuple[str, str] | None:
    """Return the id of the cell that is executed and that of the request to do so; None outside of marimo."""
    marimo: Any = sys.modules.get("marimo")
    try:
        if marimo is None or not marimo.running_in_notebook():
            return None
        cell = sys.modules["marimo._runtime.context.types"].get_context().cell_id
        request = sys.modules["marimo._messaging.context"].RUN_ID_CTX.get(None)
    except (AttributeError, LookupError):
        return None
    return None if cell is None else (str(cell), str(request))


class CellOutput:
    """The output of the cell that is executed, as the handle of a display in Jupyter."""

    def __init__(self) -> None:
        self._marimo: Any = sys.modules["marimo"]

    def follow(self, follow: Callable[[CellOutput], None]) -> None:
        """Call a function in a thread that may replace the output."""
        self._marimo.Thread(target=follow, args=(self,), name="runicorn-cell", daemon=True).start()

    def update(self, content: dict[str, str], raw: bool) -> None:
        """Replace the output; called in the thread."""
        if not self.is_gone():
            self._marimo.output.replace(self._marimo.Html(content["text/html"]))

    def is_gone(self) -> bool:
        """Return whether the cell was executed again, or deleted; called in the thread."""
        return bool(self._marimo.current_thread().should_exit)
