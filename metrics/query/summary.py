"""What a run logged, in a few figures."""

from __future__ import annotations

from typing import Any

from metrics.models import Journal, Series
from metrics.store.lanes import Lane
from runs.models import Run


def metrics_summary(run: Run) -> dict[str, Any]:
    """`{total_data_points, available_metrics, step_range?}`: of what was taken in, without measurements of the machine.

    `step_range` is `{min, max}` over all lines that have a step; it is left out where none has.
    """
    generation = Journal.objects.filter(run=run).values("generation")[:1]
    wanted = (Lane.ROWS, Lane.METRIC, Lane.STEPLESS)
    found = Series.objects.filter(run=run, generation=generation, lane__in=wanted)
    points, names, steps = 0, set(), {}
    for lane, name, count, lowest, highest in found.values_list(
        "lane", "name", "count", "first_step", "top_step"
    ):
        if lane == Lane.ROWS:
            steps = {"step_range": {"min": lowest, "max": highest}}
        else:
            points += count
            names.add(name)
    return {"total_data_points": points, "available_metrics": sorted(names), **steps}
