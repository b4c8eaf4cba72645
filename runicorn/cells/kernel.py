"""The kernel of a notebook: is this process one, and which cell is executed?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Protocol, TypeVar

from runicorn.store.notices import say


class CellRun(Protocol):
    """A run, see `runicorn.tracking.run`."""

    id: str
    project: str
    name: str
    process: int

    def finish(self) -> None:
        """End the run."""


R = TypeVar("R", bound=CellRun)
FINISH, RETURN, CREATE = "finish", "return", "create"
REINIT = (FINISH, RETURN, CREATE)
_cells: dict[str, str] = {}
"""Cells in which runs were begun, by the ids of the runs."""


def in_kernel() -> bool:
    """Return whether this process executes cells of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def current_cell() -> str:
    """Return the id of the cell that is executed, as the front end names it; "" if it does not."""
    if not in_kernel():
        return ""
    shell = sys.modules["IPython"].get_ipython()
    try:
        header = shell.kernel.get_parent("shell")
        return str(header.get("metadata", {}).get("cellId") or "")
    except (AttributeError, TypeError, LookupError):
        return ""


def note_cell(run_id: str) -> None:
    """Remember the cell in which a run was begun."""
    if cell := current_cell():
        _cells[run_id] = cell


def earlier_run(open_runs: Sequence[R], project: str, name: str, reinit: str | None) -> R | None:
    """Return the open run that the same cell began before; None for a first execution, and outside of notebooks.

    Where the front end does not name cells, it is a run of the same project and name.

    Raises:
        ValueError: `reinit` is unknown.
    """
    if reinit not in (None, *REINIT):
        raise ValueError(f"reinit must be one of {', '.join(map(repr, REINIT))}, got {reinit!r}")
    if reinit == CREATE or not in_kernel():
        return None
    cell = current_cell()
    for run in reversed(open_runs):
        if run.process != os.getpid():
            continue
        is_same = (
            _cells.get(run.id) == cell
            if cell and run.id in _cells
            else (run.project, run.name) == (project, name)
        )
        if is_same:
            return run
    return None


def end_earlier(run: CellRun) -> None:
    """End a run whose cell is executed again."""
    say(f"the cell was executed again: run {run.id} ends. init(reinit='return') continues it.")
    run.finish()
