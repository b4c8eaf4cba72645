"""The kernel of a notebook: is this process one, and which cell is executed?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from runicorn.cells.marimo import current_cell
from runicorn.store.notices import say


class CellRun(Protocol):
    """A run, see `runicorn.tracking.run`."""

    id: str
    project: str
    name: str
    process: int

    def finish(self) -> None:
        """End the run."""


class Execution(NamedTuple):
    """One execution of a cell: its id as the front end names it, "" if it does not, its code, and the id of the request."""

    cell: str
    code: str
    request: str

    def repeats(self, other: Execution) -> bool:
        """Return whether this is a later execution of the same cell."""
        is_same = self.cell == other.cell if self.cell and other.cell else self.code == other.code
        return is_same and self.request != other.request


R = TypeVar("R", bound=CellRun)
FINISH, RETURN, CREATE = "finish", "return", "create"
REINIT = (FINISH, RETURN, CREATE)
_begun: dict[str, Execution] = {}
"""Executions in which runs were begun, by the ids of the runs."""


def in_kernel() -> bool:
    """Return whether this process is a kernel of Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def current_execution() -> Execution | None:
    """Return what is executed; None outside of notebooks."""
    if (of_marimo := current_cell()) is not None:
        cell, request = of_marimo
        return Execution(cell, "", request)
    if not in_kernel():
        return None
    shell = sys.modules["IPython"].get_ipython()
    try:
        request = shell.kernel.get_parent("shell")
        cell = str(request.get("metadata", {}).get("cellId") or "")
        return Execution(cell, str(request["content"]["code"]), str(request["header"]["msg_id"]))
    except (AttributeError, TypeError, LookupError):
        return None


def note_execution(run_id: str) -> None:
    """Remember in which execution a run was begun."""
    if (execution := current_execution()) is not None:
        _begun[run_id] = execution


def earlier_run(open_runs: Sequence[R], project: str, name: str, reinit: str | None) -> R | None:
    """Return the open run that an earlier execution of this cell began; None outside of notebooks.

    Where the front end does not name cells, cells with the same code are the same. With a `reinit` of "finish" or
    "return", it may also be a run of the same project and name that another cell began.

    Raises:
        ValueError: `reinit` is unknown.
    """
    if reinit not in (None, *REINIT):
        raise ValueError(f"reinit must be one of {', '.join(map(repr, REINIT))}, got {reinit!r}")
    now = None if reinit == CREATE else current_execution()
    if now is None:
        return None
    own = [run for run in reversed(open_runs) if run.process == os.getpid()]
    same_place = [run for run in own if (run.project, run.name) == (project, name)]
    repeated = [run for run in (*same_place, *own) if run.id in _begun and now.repeats(_begun[run.id])]
    candidates = repeated if reinit is None else [*repeated, *same_place]
    return candidates[0] if candidates else None


def end_earlier(run: CellRun) -> None:
    """End a run whose cell is executed again."""
    say(f"the cell was executed again: run {run.id} ends. init(reinit='return') continues it.")
    run.finish()
