"""Sweeps and their trials in the storage root, where several agents find them: `.sweeps/<id>/`.

`sweep.json` has the configuration, `<number>.json` a trial. An agent claims a number by creating its file.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn.compat.wandb.errors import TrialStopped, UsageError
from runicorn.compat.wandb.sweeps.definition import Definition, definition
from runicorn.settings import user
from runicorn.store import layout

FOLDER, FILE = ".sweeps", "sweep.json"


@dataclass
class Sweep:
    """A stored sweep."""

    id: str
    folder: Path
    config: dict[str, Any]
    definition: Definition

    @property
    def project(self) -> str:
        return str(self.config.get("project") or "")

    def trials(self) -> list[dict[str, Any]]:
        """Return the contents of all trials, by their numbers."""
        paths = [path for path in self.folder.glob("*.json") if path.stem.isdigit()]
        return [layout.read_json(path)[0] for path in sorted(paths, key=lambda path: int(path.stem))]


@dataclass
class Trial:
    """A run of a sweep.

    Attributes:
        values, positions: by path, see `Definition.parameters`.
        at_bands: the best value at each band it has passed.
        result: the last value of the metric, or the one in the summary.
        state: "running", "finished", "stopped" or "failed".
    """

    sweep: Sweep
    number: int
    values: dict[str, Any]
    positions: dict[str, float]
    at_bands: dict[str, float] = field(default_factory=dict)
    result: float | None = None
    state: str = "running"
    run_id: str = ""
    _count: int = 0
    _best: float = math.inf

    @property
    def path(self) -> Path:
        return self.sweep.folder / f"{self.number}.json"

    @property
    def config(self) -> dict[str, Any]:
        return self.sweep.definition.nested(self.values)

    def save(self) -> None:
        names = ("number", "values", "positions", "at_bands", "result", "state", "run_id")
        layout.write_json(self.path, {name: getattr(self, name) for name in names})

    def observe(self, metrics: Any) -> None:
        """Note a value of the metric.

        Raises:
            TrialStopped: the run is not among the best at a band.
        """
        about = self.sweep.definition
        value = _number(metrics.get(about.metric)) if about.metric else None
        if value is None:
            return
        self.result = value
        self._count += 1
        signed = value if about.minimize else -value
        self._best = min(self._best, signed if math.isfinite(signed) else math.inf)
        if self._count in about.bands:
            self.at_bands[str(self._count)] = self._best
            self.save()
            if self._is_behind(str(self._count)):
                self.state = "stopped"
                self.save()
                raise TrialStopped(0)

    def _is_behind(self, band: str) -> bool:
        others = [
            trial["at_bands"][band] for trial in self.sweep.trials() if band in trial.get("at_bands", {})
        ]
        better: int = sum(value < self._best for value in others)
        return bool(better >= max(1, math.ceil(len(others) / self.sweep.definition.eta)))

    def end(self, state: str, summary: Any) -> None:
        """Store the result; the summary of the run wins over what was logged."""
        value = _number(summary.get(self.sweep.definition.metric))
        self.result = self.result if value is None else value
        if self.state == "running":
            self.state = state
        self.save()


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def load_trial(path: Path) -> Trial:
    """Return the trial of a file, for the program that an agent has started."""
    content, _ = layout.read_json(path)
    return Trial(
        _read_sweep(path.parent), int(content["number"]), content["values"], content.get("positions") or {}
    )


def create_sweep(sweep_id: str, config: dict[str, Any]) -> Sweep:
    """Store a new sweep.

    Raises:
        UsageError: the configuration is invalid.
    """
    about = definition(config)
    folder = user.storage_root(None) / FOLDER / sweep_id
    folder.mkdir(parents=True)
    layout.write_json(folder / FILE, json.loads(json.dumps(config, default=str)))
    return Sweep(sweep_id, folder, config, about)


def find_sweep(path: str) -> Sweep:
    """Return the sweep `[entity/][project/]id`.

    Raises:
        UsageError: it does not exist.
    """
    sweep_id = path.strip("/").rpartition("/")[2]
    folder = user.storage_root(None) / FOLDER / sweep_id
    if not sweep_id.isalnum() or not (folder / FILE).is_file():
        raise UsageError(f"Could not find the sweep {path}")
    return _read_sweep(folder)


def _read_sweep(folder: Path) -> Sweep:
    config, _ = layout.read_json(folder / FILE)
    return Sweep(folder.name, folder, config, definition(config))


def claim(sweep: Sweep, values: dict[str, Any], positions: dict[str, float], number: int) -> Trial | None:
    """Return a new trial with a number; None if another agent has it."""
    trial = Trial(sweep, number, values, positions)
    try:
        os.close(os.open(trial.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return None
    trial.save()
    return trial
