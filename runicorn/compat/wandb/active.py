"""The open runs of W&B in this process."""

from __future__ import annotations

from typing import Any

from runicorn.compat.wandb.errors import Error

open_runs: list[Any] = []
"""Runs that were begun and not finished; the last is the active one."""


def active_run() -> Any:
    """Return the run that module-level functions use; None without one."""
    return open_runs[-1] if open_runs else None


def require_run(what: str) -> Any:
    """Return the active run.

    Raises:
        Error: no run was begun.
    """
    if not open_runs:
        raise Error(f"You must call wandb.init() before {what}")
    return open_runs[-1]
