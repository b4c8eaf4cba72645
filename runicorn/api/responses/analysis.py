"""Responses with groups of runs, verdicts on them, and what a project compares with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from runicorn.newer_python import NotRequired


class MetricStatistics(TypedDict):
    """Statistics of one metric over the runs of a group."""

    n: Annotated[int, "Runs with a finite value; without any, the statistics are null."]
    mean: float | None
    std: Annotated[float | None, "Sample standard deviation; null below two runs."]
    median: float | None
    min: float | None
    max: float | None


class Noise(TypedDict):
    """Pooled spread of the replicas of a project."""

    std: float
    degrees_of_freedom: int


class Verdict(TypedDict):
    """How a group of runs compares with a baseline, see docs/guides/better-or-luck.md."""

    metric: str
    goal: Literal["min", "max", "unknown"]
    goal_assumed: Annotated[bool, "Whether only the name of the metric says which direction is better."]
    verdict: Literal["better", "worse", "within_noise", "unknown"]
    difference: Annotated[float | None, "Of the means, positive if the group has more."]
    relative: Annotated[float | None, "Difference as a share of the baseline's mean; null if that is 0."]
    interval: Annotated[list[float] | None, "Two-sided confidence interval of the difference."]
    level: float
    n_a: int
    n_b: int
    noise: Noise | None
    seeds_to_decide: Annotated[int | None, "Further seeds of each that would decide, up to 100."]
    p_value: Annotated[float | None, "One-sided, in the direction of the difference."]
    method: str
    comparisons: Annotated[int, "Number of comparisons that the verdict is corrected for."]
    sentence: str


class RunGroupEntry(TypedDict):
    """A group of runs with equal values of some keys."""

    key: Annotated[dict[str, Any], "Values of the grouping keys; null where a run has none."]
    n: int
    failed: int
    run_ids: Annotated[list[str], "The newest 100 of the group."]
    metrics: Annotated[dict[str, MetricStatistics], "By name, as it was requested."]
    verdicts: NotRequired[Annotated[dict[str, Verdict], "By metric, against the baseline of the request."]]


class RunGroups(TypedDict):
    """A page of groups of runs."""

    groups: list[RunGroupEntry]
    total: Annotated[int, "Number of groups on all pages."]
    page: int
    per_page: int


class ReplicaGroup(TypedDict):
    """Runs that differ in nothing but their seed."""

    run_ids: Annotated[list[str], "Oldest first."]
    seeds: Annotated[list[Any], "The seed of each; several by key, null for a run without one."]


class ReplicaGroups(TypedDict):
    """Replicas of a project."""

    groups: Annotated[list[ReplicaGroup], "Those of two and more runs, newest first."]


class KeyImportance(TypedDict):
    """Importance of a hyperparameter for a metric."""

    key: str
    importance: Annotated[float, "Share of the metric's variance that is due to this key."]
    std: Annotated[float, "Standard deviation of the importance over the trees of the forest."]
    correlation: Annotated[float | None, "Spearman's, for keys of which all values are numbers."]


class Importance(TypedDict):
    """Hyperparameters by importance, greatest first; constant ones are left out."""

    keys: list[KeyImportance]
    n: Annotated[int, "Runs with a value of the metric, of the newest 1000."]


class Baseline(TypedDict):
    """Runs that others of the project are compared with."""

    run_ids: list[str]


class ReplicaRules(TypedDict):
    """What a project says about replicas."""

    seed_keys: Annotated[list[str], "Config keys in which replicas may differ, beside seeds."]
    compare_packages: Annotated[bool, "Whether runs with different versions of packages are no replicas."]


class Formula(TypedDict):
    """A metric of a project that is computed from others."""

    name: str
    formula: str
    metrics: Annotated[list[str], "Metrics that it is computed from."]
    error: NotRequired[Annotated[str, "Why it cannot be used."]]
