"""Responses with statistics over many runs."""

from __future__ import annotations

from typing import Annotated, TypedDict


class Durations(TypedDict):
    """Durations of experiments in seconds."""

    mean: float | None
    total: float


class DayCount(TypedDict):
    """The number of runs that were created on a day."""

    date: Annotated[str, "In UTC, like 2026-01-31."]
    count: int


class BestRun(TypedDict):
    """The best run of a project by a primary metric."""

    project: str
    metric: str
    mode: Annotated[str, "max or min."]
    value: float
    id: str


class AnalyticsSummary(TypedDict):
    """Statistics over all experiments of the storage root, or of a project."""

    total_experiments: int
    by_status: dict[str, int]
    by_project: dict[str, int]
    success_rate: Annotated[float | None, "Finished among those that ended, 0 to 1."]
    duration_seconds: Durations
    runs_per_day: list[DayCount]
    best: list[BestRun]
    storage_bytes: int
    generated_at: Annotated[float, "Unix seconds."]
