"""Responses with groups, verdicts and importance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runicorn.api.responses.analysis import (
    Importance,
    MetricStatistics,
    Noise,
    ReplicaGroups,
    RunGroupEntry,
    RunGroups,
    Verdict,
)
from runicorn_tools.analysis import result
from runs.models import Run, StorageRoot
from runs.query.analysis import grouping, having, importance, replicas
from runs.query.analysis.grouping import Membership, Statistics
from runs.query.analysis.metric_values import Definitions, values_of
from runs.query.analysis.verdicts import judge_values
from runs.query.matches import Matches
from runs.query.where.ast import Node

MOST_IDS = 100


def groups(
    matches: Matches,
    by: Sequence[str],
    metrics: Sequence[str] = (),
    order_by: str = "key",
    page: int = 1,
    per_page: int = 50,
    against: Sequence[Run] = (),
    condition: Node | None = None,
) -> RunGroups:
    """Return a page of groups of runs.

    Args:
        by: grouping keys, see `grouping.parse_keys`.
        metrics: names, each with a statistic where the definition is not meant.
        order_by: see `grouping.ordered`.
        against: a baseline, on which each group gets verdicts, corrected for the groups of the page.
        condition: of the groups, see `having`.
    """
    membership = grouping.group(matches, by)
    definitions = Definitions.of(matches.runs)
    ordering = grouping.metric_of(order_by)
    quantities = {metric: definitions.quantity(metric) for metric in metrics}
    computed = quantities if not ordering else {ordering: definitions.quantity(ordering), **quantities}
    statistics = {
        metric: grouping.metric_statistics(matches.root, membership, quantity)
        for metric, quantity in computed.items()
    }
    places = membership.computed(
        ("order", order_by, computed.get(ordering)),
        lambda: grouping.ordered(membership, order_by, statistics),
    )
    if condition is not None:
        is_kept = having.fulfilling(condition, matches, membership)
        places = [at for at in places if is_kept[at]]
    visible = places[(page - 1) * per_page : page * per_page]
    failed = grouping.failures(membership)
    newest = {at: membership.keys[membership.places(at)[::-1][:MOST_IDS]].tolist() for at in visible}
    ids = grouping.run_ids(matches.root, {key for keys in newest.values() for key in keys})
    by_metric = {metric: statistics[metric] for metric in quantities}
    entries = [
        _entry(membership, by, at, int(failed[at]), [ids[key] for key in newest[at] if key in ids], by_metric)
        for at in visible
    ]
    if against:
        for metric, quantity in quantities.items():
            values = values_of(matches.root, quantity, membership.keys)
            members = [
                [(int(membership.keys[place]), float(values[place])) for place in membership.places(at)]
                for at in visible
            ]
            results = judge_values(matches.root, metric, quantity, definitions, members, against)
            for entry, verdict in zip(entries, results, strict=True):
                entry.setdefault("verdicts", {})[metric] = verdict_answer(verdict)
    return {"groups": entries, "total": len(places), "page": page, "per_page": per_page}


def _entry(
    membership: Membership,
    by: Sequence[str],
    at: int,
    failed: int,
    run_ids: list[str],
    statistics: Mapping[str, Statistics],
) -> RunGroupEntry:
    return {
        "key": dict(zip(by, membership.values[at], strict=True)),
        "n": len(membership.places(at)),
        "failed": failed,
        "run_ids": run_ids,
        "metrics": {name: _statistics(of_metric, at) for name, of_metric in statistics.items()},
    }


def _statistics(statistics: Statistics, at: int) -> MetricStatistics:
    values: dict[str, Any] = {
        name: _number(column[at]) for name, column in zip(Statistics._fields[1:], statistics[1:], strict=True)
    }
    return {"n": int(statistics.n[at]), **values}  # type: ignore[typeddict-item]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def verdict_answer(verdict: result.Verdict) -> Verdict:
    """Return a verdict as a response."""
    noise: Noise | None = None
    if verdict.noise is not None:
        noise = {"std": verdict.noise.std, "degrees_of_freedom": verdict.noise.degrees_of_freedom}
    return {
        "metric": verdict.metric,
        "goal": verdict.goal,
        "goal_assumed": verdict.goal_assumed,
        "verdict": verdict.verdict,
        "difference": verdict.difference,
        "relative": verdict.relative,
        "interval": None if verdict.interval is None else list(verdict.interval),
        "level": verdict.level,
        "n_a": verdict.n_a,
        "n_b": verdict.n_b,
        "noise": noise,
        "seeds_to_decide": verdict.seeds_to_decide,
        "p_value": verdict.p_value,
        "method": verdict.method,
        "comparisons": verdict.comparisons,
        "sentence": str(verdict.sentence),
    }


def replica_groups(matches: Matches) -> ReplicaGroups:
    """Return the groups of replicas."""
    several = replicas.replica_groups(matches)
    return {
        "groups": [
            {"run_ids": [run_id for run_id, _ in group], "seeds": [seed for _, seed in group]}
            for group in several
        ]
    }


def importances(matches: Matches, metric: str) -> Importance:
    """Return hyperparameters by their importance."""
    keys, n = importance.importance(matches, metric)
    return {
        "keys": [
            {
                "key": entry.key,
                "importance": entry.importance,
                "std": entry.std,
                "correlation": entry.correlation,
            }
            for entry in keys
        ],
        "n": n,
    }


def baseline_runs(root: StorageRoot, run_ids: Sequence[str]) -> list[Run]:
    """Return those runs of a baseline that exist and may be read."""
    by_id = {run.run_id: run for run in Run.objects.in_root(root).live().filter(run_id__in=run_ids)}
    return [by_id[run_id] for run_id in run_ids if run_id in by_id]
