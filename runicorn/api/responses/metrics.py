"""Responses about logged metrics. Times are Unix seconds unless stated otherwise."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict, Union

from runicorn.api.responses.runs import RunState
from runicorn.newer_python import NotRequired

Scalar = Union[float, bool, str]
Special = tuple[int, Literal["nan", "inf", "-inf"]]


SeriesKind = Literal["float", "int", "bool", "text", "mixed"]
"""What the values of a series are."""


class MetricPoint(TypedDict):
    """A value at a step."""

    step: int
    value: Scalar
    timestamp: float | None


class Metrics(TypedDict):
    """The points of each metric, by step."""

    metrics: dict[str, list[MetricPoint]]


class MetricRows(TypedDict):
    """Rows of a run; everything is empty before the first logged metric."""

    columns: list[str]
    rows: Annotated[list[dict[str, Any]], "Each with a value or null for every column."]
    total: Annotated[int, "Rows before sampling."]
    sampled: Annotated[int, "Rows in the response."]
    extremes_complete: NotRequired[
        Annotated[bool, "False where `downsample` leaves no room for the extremes of every metric."]
    ]


class RowFilters(TypedDict):
    """The filters that were applied to rows."""

    metrics: list[str] | None
    step_range: list[int | None] | None
    downsampled: bool


class FilteredRows(TypedDict):
    """Filtered rows of a run."""

    columns: list[str]
    rows: Annotated[list[dict[str, Any]], "Each with a value or null for every column."]
    total_points: Annotated[int, "Rows in the requested range before sampling."]
    applied_filters: RowFilters
    query_time_ms: float
    extremes_complete: NotRequired[bool]


class Band(TypedDict):
    """The range of the points that a thinned curve leaves out."""

    x: list[float]
    low: list[float | None]
    high: list[float | None]
    mean: NotRequired[
        Annotated[list[float | None], "Of all points on both sides of an edge, up to the next ones."]
    ]
    noise: NotRequired[
        Annotated[bool, "Whether the points of the curve are noise, better drawn as their mean."]
    ]
    along: NotRequired[list[float | None]]


class SmoothedCurve(TypedDict):
    """A smoothed curve: values at some of the steps of the series."""

    x: list[float]
    y: list[float]
    along: NotRequired[list[float | None]]


class SeriesStatistics(TypedDict):
    """Statistics of a curve over the requested range, before sampling."""

    min: float | None
    max: float | None
    last: Annotated[Scalar | None, "Null when it is no finite number."]


class SeriesValues(TypedDict):
    """The values of a curve as numbers."""

    y: Annotated[list[float | None], "Null where a value is no finite number."]
    special: Annotated[list[Special], "The points of `y` that are no finite number."]
    labels: NotRequired[Annotated[list[str], "Of text: what the numbers in y stand for."]]


class Series(SeriesStatistics, SeriesValues):
    """A curve in columns: `y[i]` is the value at `x[i]`."""

    name: str
    kind: SeriesKind
    count: Annotated[int, "Points in the requested range before sampling."]
    x: list[float]
    stages: NotRequired[Annotated[list[tuple[int, Scalar | None]], "`[index, stage]` where it changes."]]
    back: NotRequired[Annotated[list[int], "Indices where the steps decrease."]]
    band: NotRequired[Annotated[Band, "Where points were left out."]]
    system: NotRequired[Annotated[bool, "A system metric."]]
    smoothed: NotRequired[Annotated[SmoothedCurve, "With `smoothing`, where there are numbers."]]
    along: NotRequired[Annotated[list[float | None], "With `x_metric`: its value at each x, as last logged."]]


class UntimedSeriesAnswer(TypedDict):
    """The curves of a run, and where to continue."""

    series: list[Series]
    last_row: Annotated[int, "The last journal line in the response; -1 without any."]
    generation: Annotated[int, "Changes when the journal is replaced."]
    journal_end: Annotated[int, "Bytes of the journal that the response covers."]
    reset: NotRequired[Annotated[bool, "The generation is not the requested one."]]


class SeriesAnswer(UntimedSeriesAnswer):
    """The curves of a run, where to continue, and the duration of the query."""

    query_time_ms: float


class ComparedCurve(Series):
    """A curve and the run it belongs to."""

    id: str


class ComparedRun(RunState):
    """A run whose curves are compared."""

    id: str
    project: str
    name: str
    status: str
    started_at: Annotated[float, "Where `x=relative` is 0."]
    last_row: int
    generation: int


class GroupStatistics(TypedDict):
    """Statistics of several curves at common places along x."""

    x: list[float]
    count: Annotated[list[int], "Runs whose curve has a value there."]
    mean: list[float | None]
    min: list[float | None]
    max: list[float | None]
    p10: list[float | None]
    p25: list[float | None]
    p50: list[float | None]
    p75: list[float | None]
    p90: list[float | None]


class GroupSeries(GroupStatistics):
    """Statistics of a metric over the runs of a group."""

    name: str
    runs: Annotated[int, "Runs of the group that have the metric."]


class RunGroup(TypedDict):
    """Runs that share a config value or a tag."""

    value: Annotated[str | None, "Null for runs without any."]
    ids: list[str]
    series: list[GroupSeries]


class UntimedComparedSeries(TypedDict):
    """The curves of several runs, by name and then in the order of the ids."""

    series: list[ComparedCurve]
    runs: list[ComparedRun]
    missing: Annotated[list[str], "Ids that are unknown or in the recycle bin."]
    groups: NotRequired[Annotated[list[RunGroup], "With `group_by`."]]


class ComparedSeries(UntimedComparedSeries):
    """The curves of several runs, and the duration of the query."""

    query_time_ms: float


class CurveStatistics(TypedDict):
    """Statistics of curves by column of x, over those that have a value there; null without any."""

    count: Annotated[list[int], "Curves with a value there."]
    mean: list[float | None]
    std: Annotated[list[float | None], "Sample standard deviation; null below two curves."]
    sem: Annotated[list[float | None], "Standard error of the mean."]
    min: list[float | None]
    max: list[float | None]
    p5: list[float | None]
    p10: list[float | None]
    p25: list[float | None]
    p50: list[float | None]
    p75: list[float | None]
    p90: list[float | None]
    p95: list[float | None]


class CurveDensity(TypedDict):
    """Number of curves in each cell of a grid: its columns are those of x, its rows divide `low` to `high` evenly."""

    low: float
    high: float
    scale: Annotated[Literal["linear", "log"], "On which the rows have equal heights."]
    rows: int
    most: Annotated[int, "Curves in the fullest cell."]
    levels: Annotated[
        str,
        "Base64 of a byte per cell, row by row from the lowest: ceil(255 log(1 + curves) / log(1 + most)).",
    ]
    above: Annotated[int, "Curves that leave the grid at its top."]
    below: int


class DistributionCurve(TypedDict):
    """The curve of one run in the columns."""

    id: str
    name: str
    value: Annotated[float | None, "Of the metric for the run, by which curves are ranked."]
    y: Annotated[list[float | None], "Mean of its points in each column, interpolated between columns."]


class DistributionGroup(TypedDict):
    """Runs that share the values of some keys."""

    key: Annotated[dict[str, Any], "Values of the grouping keys; empty without `group_by`."]
    n: Annotated[int, "Runs of the group."]
    runs: Annotated[int, "Those that have the metric."]
    statistics: CurveStatistics
    members: Annotated[
        list[DistributionCurve], "Those of `mark`, and others evenly spread over the time of their start."
    ]
    marked: Annotated[list[str], "Ids of `mark` that are in the group."]


class MetricDistribution(TypedDict):
    """The curves of one metric of all matching runs."""

    name: str
    goal: Literal["min", "max", "unknown"]
    runs: Annotated[int, "Runs that have the metric."]
    x: Annotated[list[float], "Middle of each column."]
    density: CurveDensity | None
    best: Annotated[list[DistributionCurve], "Best first by the goal; the lowest where it is unknown."]
    worst: Annotated[list[DistributionCurve], "Worst first; the highest where the goal is unknown."]
    groups: Annotated[list[DistributionGroup], "Largest first; one of all runs without `group_by`."]
    more_groups: Annotated[int, "Groups that are left out."]
    baseline: NotRequired[
        Annotated[list[float | None], "With `against`: mean of these curves in each column."]
    ]


class UntimedCurveDistribution(TypedDict):
    """The curves of any number of runs."""

    matching: Annotated[int, "Runs that match."]
    unread: Annotated[int, "Curves that are missing here: ask again, reading them goes on."]
    metrics: list[MetricDistribution]


class CurveDistribution(UntimedCurveDistribution):
    """The curves of any number of runs, and the duration of the query."""

    query_time_ms: float


class CacheStatistics(TypedDict):
    """Size and use of the cache of decoded metrics."""

    size: Annotated[int, "Bytes."]
    max_size: Annotated[int, "Bytes."]
    hits: int
    misses: int
    incremental_updates: int
    hit_rate: Annotated[float, "0 to 1."]
    incremental_rate: Annotated[float, "0 to 1."]


class RunProgress(RunState):
    """The progress of a run; unknown fields are left out."""

    available: bool
    status: str
    step: NotRequired[int]
    total: NotRequired[int]
    fraction: NotRequired[float]
    eta_seconds: NotRequired[float]
