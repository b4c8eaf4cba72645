"""Responses about the recycle bin. Times are Unix seconds."""

from __future__ import annotations

from typing import TypedDict

from runicorn.api.responses.runs import RunResult


class DeletedRun(TypedDict):
    """A run in the recycle bin."""

    id: str
    project: str
    name: str
    created_time: float
    deleted_at: float
    delete_reason: str
    original_status: str
    run_dir: str


class RecycleBin(TypedDict):
    """The recycle bin, the last deletion first."""

    deleted_runs: list[DeletedRun]


class SoftDeletedRuns(TypedDict):
    """The result of moving runs to the recycle bin, by run id."""

    deleted_count: int
    results: dict[str, RunResult]
    message: str


class RestoredRuns(TypedDict):
    """The result of restoring runs from the recycle bin, by run id."""

    restored_count: int
    results: dict[str, RunResult]
    message: str


class EmptiedRecycleBin(TypedDict):
    """Runs that were removed for good, and why others were not."""

    permanently_deleted: int
    message: str
    failed: dict[str, str]
