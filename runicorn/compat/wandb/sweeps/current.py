"""Current trial of a sweep, whose values the next run gets; imports nothing more without a sweep."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runicorn.compat.wandb.sweeps.trials import Trial

VARIABLE = "WANDB_SWEEP_PARAM_PATH"
"""Environment variable with the file of the trial, for programs that an agent starts."""


_current = threading.local()
_of_process: list[Trial] = []


def set_current(trial: Trial | None) -> None:
    """Set the trial of this thread."""
    _current.trial = trial


def current_trial() -> Trial | None:
    """Return the trial of this thread, else the one that an agent has started this program for."""
    trial: Trial | None = getattr(_current, "trial", None)
    path = os.environ.get(VARIABLE)
    if trial is None and path and not _of_process:
        from runicorn.compat.wandb.sweeps.trials import load_trial

        _of_process.append(load_trial(Path(path)))
    return trial or (_of_process[0] if _of_process else None)
