"""`fork_from` and `resume_from` of `wandb.init`: a new run that begins with the history of another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.compat.wandb.errors import UsageError
from runicorn.store import layout
from runicorn.store.journal.records import metric_records
from runicorn.tracking.run import Run

MOMENT = re.compile(r"(?P<run>[^?]+)\?_step=(?P<step>\d+)")


History = dict[str, list[Any]]
"""All values of each metric."""


def history_of(folder: Path) -> History:
    """Return the metrics of a stored run."""
    history: History = {}
    for _, _, record in _records(folder):
        _add(history, record)
    return history


def _records(folder: Path) -> Iterator[tuple[int, float | None, dict[str, Any]]]:
    """Yield step, time and metrics of each record; those of the machine are left out."""
    for record in metric_records(folder):
        step, moment = record.pop("global_step", None), record.pop("time", None)
        record.pop("stage", None)
        if isinstance(step, int) and record:
            yield step, moment, record


def _add(history: History, record: dict[str, Any]) -> None:
    for name, value in record.items():
        history.setdefault(name, []).append(value)


class Branch(NamedTuple):
    """A step of a stored run: its id in W&B, its folder and its last step that is taken over."""

    run_id: str
    folder: Path
    step: int

    def config(self) -> dict[str, Any]:
        """Return the settings of the run, without the fields of W&B."""
        values, _ = layout.read_json(self.folder / layout.CONFIG)
        return {key: value for key, value in values.items() if not key.startswith("wandb.")}

    def copy_history(self, run: Run) -> History:
        """Write the metrics up to the step to another run, and return them."""
        history: History = {}
        for step, moment, record in _records(self.folder):
            if step <= self.step:
                run.log_record(record, step, moment)
                _add(history, record)
        return history


def parse(text: str, name: str) -> tuple[str, int]:
    """Return run id and step of `[entity/project/]ID?_step=N`.

    Raises:
        UsageError: it is malformed.
    """
    match = MOMENT.fullmatch(str(text))
    if match is None:
        raise UsageError(f"{name} is a run and its step, such as 'abc123?_step=200', not {text!r}")
    return match["run"].rpartition("/")[2], int(match["step"])
