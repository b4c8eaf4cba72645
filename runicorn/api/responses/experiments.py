"""Responses about experiments: runs as version 2 of the API and the older experiment routes describe them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypedDict, Union

from runicorn.api.responses.runs import RunDetail, RunFilePaths, RunItem
from runicorn.newer_python import NotRequired

Time = Union[float, str, datetime]
"""A point in time: Unix seconds, ISO 8601, or a datetime (a naive one is local time)."""


class Filters(TypedDict, total=False):
    """Filters of `list_experiments` and `iter_experiments` beside project, name and status."""

    state: str | list[str]
    tags: str | list[str]
    search: str
    created_after: Time
    created_before: Time
    best_metric_min: float
    best_metric_max: float
    include_deleted: bool
    order_by: str
    order_desc: bool
    sort: str
    pinned_first: bool
    where: str


class Experiment(RunItem, RunFilePaths):
    """A run in a list of version 2."""

    created_at: Annotated[float, "Unix seconds."]
    updated_at: Annotated[float, "Unix seconds."]
    best_metric_step: int | None
    best_metric_mode: Annotated[str | None, "max or min."]
    last_step: int | None
    deleted_at: Annotated[float | None, "Unix seconds; null unless in the recycle bin."]


class MetricValues(TypedDict):
    """Statistics of one metric of a run."""

    last: float | None
    last_special: Annotated[str | None, "nan, inf or -inf if `last` is null for that reason."]
    last_text: Annotated[str | None, "The last value if it is text, at most 255 characters of it."]
    best: Annotated[
        float | None, "The lowest or highest value, by the mode of the run or the name of the metric."
    ]
    min: float | None
    max: float | None
    count: int


class ListedExperiment(Experiment):
    """A run in a list, with `details=true` also its settings, summary, metrics and what people wrote."""

    group: NotRequired[str]
    description: NotRequired[Annotated[str, "The note, in Markdown."]]
    pinned: NotRequired[bool]
    archived: NotRequired[bool]
    config: NotRequired[dict[str, Any]]
    summary: NotRequired[dict[str, Any]]
    metric_values: NotRequired[Annotated[dict[str, MetricValues], "By name."]]


class ExperimentPage(TypedDict):
    """A page of experiments."""

    experiments: list[ListedExperiment]
    total: Annotated[int, "Exact up to 10,000."]
    total_capped: NotRequired[Annotated[bool, "True if there are more than `total`."]]
    page: int
    per_page: int
    has_next: bool
    has_prev: bool
    query_time_ms: float


class StepRange(TypedDict):
    """The lowest and the highest step of a run."""

    min: int
    max: int


class MetricsSummary(TypedDict):
    """The number of points and the names of the metrics of a run."""

    total_data_points: int
    available_metrics: list[str]
    step_range: NotRequired[StepRange]


class ExperimentOverview(TypedDict):
    """One experiment with a summary of its metrics."""

    experiment: Experiment
    metrics_summary: MetricsSummary
    environment_available: bool
    file_count: int


class ExperimentDetail(RunDetail):
    """A run as `get_experiment` returns it."""

    deleted_at: float | None


class BatchDeletion(TypedDict):
    """The result of moving experiments to the recycle bin, by run id."""

    deleted: int
    failed: int
    results: dict[str, bool]
    message: str


class Success(TypedDict):
    """Whether a request succeeded."""

    success: bool


class FoundExperiment(TypedDict):
    """A run that matches a search."""

    id: str
    project: str
    name: str
    tags: list[str]
    description: str
    created_at: float
    updated_at: float
    archived: bool
    pinned: bool


class FoundExperiments(TypedDict):
    """The runs that match a search, the last updated first."""

    experiments: list[FoundExperiment]


class DeletedExperiments(TypedDict):
    """Whether each run was deleted."""

    results: dict[str, bool]


class WhereSuggestion(TypedDict):
    """A word that may stand at the cursor of an expression."""

    text: Annotated[str, "As it is written, in quotes where they are needed."]
    kind: Annotated[str, "`field`, `config`, `metric`, `operator`, `value` or `word`."]
    runs: NotRequired[Annotated[int, "Runs that have it."]]


class WhereCompletion(TypedDict):
    """Whether an expression is valid, what it finds, and what may stand at the cursor."""

    valid: bool
    error: NotRequired[str]
    position: NotRequired[Annotated[int, "Of the error, counted from 1."]]
    total: NotRequired[Annotated[int, "Runs that match; exact to 10,000."]]
    total_capped: NotRequired[bool]
    start: Annotated[int, "Where the word at the cursor begins, counted from 0."]
    suggestions: list[WhereSuggestion]
