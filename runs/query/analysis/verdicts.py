"""Verdicts on runs and groups of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runicorn_tools.analysis.noise import NoiseFloor
from runicorn_tools.analysis.result import Verdict
from runicorn_tools.analysis.verdict import correct, judge
from runs.models import Run, StorageRoot
from runs.query.analysis.metric_values import Definitions, Quantity, values_of
from runs.query.analysis.replicas import ProjectNoise
from runs.store.lazy_numpy import np

Member = tuple[int, float]
"""A run by its primary key, and its value."""


def judge_runs(
    root: StorageRoot, metric: str, groups: Sequence[Sequence[Run]], base: Sequence[Run], level: float = 0.95
) -> list[Verdict]:
    """Compare groups of runs with a baseline; several verdicts are corrected for their number.

    The noise floor is that of the project of the baseline.

    Args:
        metric: name of a metric, with `.best`, `.last`, `.min` or `.max` for another statistic than its definition says.
        groups: runs of each group.
        base: runs of the baseline.
    """
    everything = [run for group in (base, *groups) for run in group]
    definitions = Definitions.of_runs(everything)
    quantity = definitions.quantity(metric)
    values = values_by_run(root, quantity, everything)
    members = [[(run.pk, values[run.pk]) for run in group] for group in groups]
    return judge_values(root, metric, quantity, definitions, members, base, level)


def judge_values(
    root: StorageRoot,
    metric: str,
    quantity: Quantity,
    definitions: Definitions,
    groups: Sequence[Sequence[Member]],
    base: Sequence[Run],
    level: float = 0.95,
) -> list[Verdict]:
    """Compare groups whose values are known with a baseline; see `judge_runs`."""
    values = values_by_run(root, quantity, base)
    noise = ProjectNoise.of(root, base[0].project, quantity) if base else None
    goal = definitions.goal(quantity.name)
    verdicts = [
        judge(
            [value for _, value in group],
            list(values.values()),
            metric=metric,
            goal=goal,
            level=level,
            noise=_beside(noise, [pk for pk, _ in group], list(values)),
        )
        for group in groups
    ]
    # The baseline beside itself is no comparison that could be called better by luck.
    is_base = [bool(group) and {pk for pk, _ in group} == set(values) for group in groups]
    corrected = iter(correct([verdict for verdict, same in zip(verdicts, is_base, strict=True) if not same]))
    return [verdict if same else next(corrected) for verdict, same in zip(verdicts, is_base, strict=True)]


def values_by_run(root: StorageRoot, quantity: Quantity, runs: Iterable[Run]) -> dict[int, float]:
    """Return the values of a quantity by the primary keys of runs; NaN where a run has none."""
    keys = np.unique(np.array([run.pk for run in runs], dtype=np.int64))
    return dict(zip(keys.tolist(), values_of(root, quantity, keys).tolist(), strict=True))


def _beside(noise: ProjectNoise | None, *groups: Sequence[int]) -> NoiseFloor | None:
    """Return the noise floor without the runs of groups whose own spread is used."""
    if noise is None:
        return None
    return noise.floor(pk for group in groups if len(group) > 1 for pk in group)
