"""A sweep as `wandb.Api` returns it."""

from __future__ import annotations

import math
from typing import Any

from runicorn.compat.unknown import UnknownMethods
from runicorn.compat.wandb.public_run import PublicRun
from runicorn.compat.wandb.sweeps.trials import Sweep
from runicorn.settings import user
from runicorn.store import find


class PublicSweep(UnknownMethods):
    """A stored sweep with its runs."""

    _foreign_name = "wandb.apis.public.Sweep"
    entity = ""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.id, self.config, self.project = sweep.id, sweep.config, sweep.project

    @property
    def name(self) -> str:
        return self._sweep.definition.name or self.id

    @property
    def state(self) -> str:
        """Return "RUNNING" while one of its runs is running, else "FINISHED"."""
        return "RUNNING" if any(run.state == "running" for run in self.runs) else "FINISHED"

    @property
    def runs(self) -> list[PublicRun]:
        """Return its runs in the order of their begin."""
        root = user.storage_root(None)
        ids = [trial["run_id"] for trial in self._sweep.trials() if trial.get("run_id")]
        return [PublicRun(root, place) for run_id in ids for place in find.find(root, run_id)[:1]]

    def best_run(self, order: str | None = None) -> PublicRun | None:
        """Return the run with the best result; None without one.

        Args:
            order: a field of the summary with + (ascending) or - (descending), instead of the sweep's metric.
        """
        about = self._sweep.definition
        name = (order or about.metric).lstrip("+-").removeprefix("summary_metrics.")
        sign = -1 if (order.startswith("-") if order else not about.minimize) else 1
        results: list[tuple[float, PublicRun]] = []
        for run in self.runs:
            value: Any = run.summary.get(name)
            if type(value) in (int, float) and not math.isnan(value):
                results.append((sign * value, run))
        return min(results, key=lambda entry: entry[0])[1] if results else None
