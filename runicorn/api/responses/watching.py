"""Responses about watched folders. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from runicorn.newer_python import NotRequired

Status = Literal["waiting", "importing", "watching", "error"]


class FailedSource(TypedDict):
    """A run or file of another tracker that cannot be read."""

    source: str
    reason: str


class WatchedFolder(TypedDict):
    """A folder of the server's machine whose runs of other trackers are imported while they grow."""

    id: str
    path: str
    project: Annotated[str, "Project of all runs; empty for those of the trackers."]
    added_at: float
    status: Annotated[Status, "`waiting` before the first scan, `importing` during a scan."]
    runs: Annotated[int, "Runs found so far."]
    failed: Annotated[list[FailedSource], "At most 20."]
    error: Annotated[str, "Why the folder cannot be read; empty if it can."]
    scanned_at: NotRequired[Annotated[float, "End of the last scan."]]


class RemovedFolder(TypedDict):
    """A folder that is no longer watched."""

    ok: bool
