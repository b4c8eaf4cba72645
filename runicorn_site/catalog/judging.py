"""Verdicts on runs of a store, as the server gives them: values, goals and noise from the files."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from runicorn.store import layout
from runicorn.store.metric_rules import rule_of
from runicorn_site.catalog.base import Catalog, Judgement, Query
from runicorn_site.catalog.entry import FIGURES, RunEntry
from runicorn_tools.analysis.goals import Goal, goal_by_name
from runicorn_tools.analysis.noise import NoiseFloor, noise_floor
from runicorn_tools.analysis.replicas import key_of_folder, rules_of
from runicorn_tools.analysis.verdict import correct, judge


def verdicts(
    catalog: Catalog,
    root: Path,
    metrics: Sequence[str],
    a: Sequence[RunEntry],
    b: Sequence[RunEntry],
    newest: int | None = None,
) -> list[Judgement]:
    """Compare the runs `a` with the baseline `b` by each of the metrics, corrected for their number.

    Args:
        newest: number of newest runs of the project from which the noise floor is estimated; all by default.
    """
    replicas = _replicas(catalog, root, b[0].project, newest) if b and metrics else []
    own = {entry.id for group in (a, b) if len(group) > 1 for entry in group}
    judged = [
        judge(
            [_value(entry, metric, b) for entry in a],
            [_value(entry, metric, b) for entry in b],
            metric=metric,
            goal=_goal(metric, b),
            noise=_noise(replicas, metric, b, own),
        )
        for metric in metrics
    ]
    return [Judgement(verdict.metric, verdict.verdict, str(verdict.sentence)) for verdict in correct(judged)]


def _replicas(catalog: Catalog, root: Path, project: str, newest: int | None) -> list[list[RunEntry]]:
    """Return the finished runs of a project that differ in nothing but their seed, in groups of two and more."""
    rules = rules_of(root, project)
    groups: dict[str, list[RunEntry]] = defaultdict(list)
    for entry in catalog.select(Query(project=project, metrics=True, limit=newest)):
        if entry.status == layout.FINISHED and (key := key_of_folder(root / entry.folder, rules)):
            groups[key].append(entry)
    return [group for group in groups.values() if len(group) > 1]


def _noise(
    replicas: Sequence[Sequence[RunEntry]], metric: str, base: Sequence[RunEntry], own: set[str]
) -> NoiseFloor | None:
    """Return the noise floor without the runs of groups whose own spread is used."""
    groups = [[_value(entry, metric, base) for entry in group if entry.id not in own] for group in replicas]
    return noise_floor(groups)


def _value(entry: RunEntry, text: str, base: Sequence[RunEntry]) -> float:
    """Return the value of a metric that stands for a run: named as in `acc.best`, or as it is defined, or the last one."""
    name, _, figure = text.rpartition(".")
    if not name or figure not in FIGURES[:4]:
        name, figure = text, "last"
        for run in base:
            if summary := rule_of(run.metric_rules, text).get("summary"):
                figure = summary
                break
    figures = entry.metrics.get(name)
    value = None if figures is None else getattr(figures, figure)
    return math.nan if value is None else float(value)


def _goal(text: str, base: Sequence[RunEntry]) -> Goal:
    name, _, figure = text.rpartition(".")
    name = name if name and figure in FIGURES[:4] else text
    for run in base:
        if goal := rule_of(run.metric_rules, name).get("goal"):
            return Goal("min" if goal == "min" else "max")
    for run in base:
        if run.best_metric_name == name and (mode := run.summary.get("best_metric_mode")):
            return Goal("min" if mode == "min" else "max")
    return goal_by_name(name)
