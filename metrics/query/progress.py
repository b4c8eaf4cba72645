"""Progress of a run whose config has a total."""

from __future__ import annotations

import math
from typing import Any

from metrics.models import Journal, Series
from metrics.store.lanes import Lane
from runicorn.api.responses.metrics import RunProgress
from runicorn.store import layout
from runs.models import Run

TOTALS = ("total_steps", "max_steps", "epochs")


def progress(run: Run) -> RunProgress:
    """Return status, step, total, their fraction, and the estimated remaining seconds.

    `epochs` counts the last logged `epoch`, the other totals the highest step. Unknown fields are left out.
    """
    key, total = next(((key, n) for key in TOTALS if (n := _total(run.config.get(key)))), (None, None))
    counted = _series(run, Lane.METRIC, "epoch") if key == "epochs" else _series(run, Lane.ROWS, "")
    step = None if counted is None else counted.last if key == "epochs" else counted.top_step
    answer: RunProgress = {
        "available": None not in (step, total),
        "status": run.status,
        "state": run.state_fields()["state"],
        "state_reason": run.state_reason,
    }
    if step is not None:
        answer["step"] = int(step)
    if total is not None:
        answer["total"] = total
    if counted is not None and step is not None and total is not None:
        answer["fraction"] = fraction = min(1.0, max(0.0, step / total))
        first = counted.first_time or 0.0
        began = first if run.started is None else min(run.started, first)
        if run.status == layout.RUNNING and fraction > 0:
            answer["eta_seconds"] = max(0.0, (counted.last_time or 0.0) - began) * (1 - fraction) / fraction
    return answer


def _total(value: Any) -> int | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if number and value >= 1 else None


def _series(run: Run, lane: Lane, name: str) -> Series | None:
    generation = Journal.objects.filter(run=run).values("generation")
    match: Series | None = Series.objects.filter(
        run=run, generation__in=generation, lane=lane, name=name
    ).first()
    return match
