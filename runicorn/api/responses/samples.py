"""Responses about samples. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from runicorn.newer_python import NotRequired


class SampleColumn(TypedDict):
    """A column that conditions and sorting can use."""

    name: str
    type: Annotated[str, "`number`, `flag` or `text`."]


class SampleSet(TypedDict):
    """Samples of one name."""

    name: str
    steps: Annotated[list[int], "Ascending."]
    rows: Annotated[int, "Number of samples that are indexed."]
    columns: list[SampleColumn]
    pending: Annotated[int, "Bytes that are not indexed yet."]


class SampleSets(TypedDict):
    """The sample sets of a run, by name."""

    samples: list[SampleSet]


class SamplePage(TypedDict):
    """A page of samples: each as it was logged, with `_step`, `_row` (its number in the set for good) and `_time`."""

    rows: list[dict[str, Any]]
    total: int
    total_is_exact: Annotated[bool, "False if candidates of a text search are counted that were not read."]
    page: int
    per_page: int
    has_next: bool
    pending: Annotated[int, "Bytes that are not indexed yet."]
    query_time_ms: float


class ComparedSample(TypedDict):
    """One sample in several runs or steps."""

    sample: Annotated[str, "The `id`."]
    rows: Annotated[list[dict[str, Any] | None], "One for each run, the newest; null where it has none."]
    rewards: list[float | None]


class RunOfSamples(TypedDict):
    """A run of a comparison."""

    run_id: str
    name: str
    steps: list[int]
    step: Annotated[int | None, "Step of its samples; null for the newest of each sample."]
    rows: int
    mean: float | None


class PairedVerdict(TypedDict):
    """Whether the last run is better than the first on the samples that both have."""

    verdict: Annotated[
        str, "`better`, `worse`, `within_noise` where the interval contains zero, or `unknown`."
    ]
    difference: Annotated[float, "Mean difference of the rewards."]
    interval: Annotated[list[float] | None, "Of the mean difference; Student's t over the samples."]
    n: int
    level: float


class TaskScore(TypedDict):
    """Mean reward of a run on a task."""

    mean: float
    half: Annotated[float | None, "Half of the confidence interval; null for a single sample."]
    n: int


class TaskScores(TypedDict):
    """A task in each of the runs."""

    task: str
    scores: list[TaskScore | None]


class SampleComparison(TypedDict):
    """The same samples of several runs."""

    name: str
    runs: list[RunOfSamples]
    missing: Annotated[list[str], "Ids of runs that do not exist, or have no such samples."]
    samples: Annotated[
        list[ComparedSample], "Common samples first that turned from right to wrong, then the others."
    ]
    total: Annotated[int, "Number of samples that at least two of the runs have."]
    worse: Annotated[int, "Samples whose reward fell from the first run to the last."]
    better: int
    verdict: NotRequired[PairedVerdict]
    tasks: NotRequired[list[TaskScores]]


class SampleNote(TypedDict):
    """What people said about a sample."""

    run_id: str
    name: str
    row: int
    sample: NotRequired[str]
    label: Annotated[str, "A word such as `good`; empty for none."]
    note: str
    by: NotRequired[str]
    at: float


class SampleNotes(TypedDict):
    """Labels and notes of a project or a run."""

    notes: list[SampleNote]
