"""Responses about runs. Times are Unix seconds; paths are absolute."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from runicorn.newer_python import NotRequired

State = Literal[
    "running",
    "stalled",
    "lost",
    "finished",
    "failed",
    "killed",
    "out_of_memory",
    "preempted",
    "time_limit",
    "interrupted",
]
"""The values of `runicorn.store.state.State`."""


class RunState(TypedDict):
    """The state of a run, beside its status."""

    state: State
    state_reason: str | None


class Evidence(TypedDict, total=False):
    """Observations from which the state of a run is derived."""

    signal: Annotated[str, "Name of the signal that ended the process."]
    exit_code: int
    oom_kills: Annotated[int, "Processes of its cgroup that the kernel killed while it ran."]
    kernel_log: Annotated[str, "Line of the kernel log that names its process."]
    scheduler: Annotated[str, "SLURM."]
    job_id: str
    restart_count: int
    notice: Annotated[str, "Signal with which the scheduler announced the end."]
    job_end: Annotated[float, "End of its time limit; Unix seconds."]
    since: Annotated[float, "Last step if stalled, last heartbeat if lost; Unix seconds."]
    interval: Annotated[float, "Usual seconds between two steps, if stalled."]
    last_line: Annotated[str, "Last line of its log, if stalled."]


class RunItem(TypedDict):
    """A run in a list."""

    id: str
    run_dir: str
    created_time: Annotated[float, "Unix seconds."]
    status: Annotated[str, "running, finished, failed, interrupted, or the word in status.json."]
    state: Annotated[State, "Says more than the status."]
    state_reason: Annotated[str | None, "One sentence about the state."]
    pid: int | None
    best_metric_value: float | None
    best_metric_name: str | None
    project: str
    name: str
    artifacts_created_count: int
    artifacts_used_count: int
    started_at: float | None
    ended_at: float | None
    heartbeat_at: Annotated[float | None, "Last heartbeat of a run that logs to this server; Unix seconds."]
    duration_seconds: float | None
    tags: list[str]
    display_name: Annotated[str | None, "Name that a user gave the run."]
    color: Annotated[str | None, "Colour that a user chose, `#rrggbb`."]
    owner: Annotated[str | None, "User whose API token uploaded the run."]
    hostname: str | None
    records_written: Annotated[
        int | None, "Records that the training wrote; null where status.json has no counts."
    ]
    records_missing: Annotated[
        int | None, "Records that it could not write, or that are no longer in the journal."
    ]


class RunFilePaths(TypedDict):
    """The log and the journal of a run."""

    logs: str
    metrics: str
    metrics_step: str


class RunDetail(RunItem, RunFilePaths):
    """A run with its config, summary and environment."""

    created_at: float
    updated_at: float
    description: str
    summary: dict[str, Any]
    config: dict[str, Any]
    environment_available: bool
    exit_reason: str | None
    evidence: Annotated[Evidence, "What the state follows from."]
    warnings: list[str]
    group: str
    pinned: bool
    archived: bool
    best_metric_step: int | None
    best_metric_mode: str | None
    last_step: int | None


class RunResult(TypedDict):
    """Whether a change of one run among several succeeded, and why not."""

    success: bool
    error: NotRequired[str]


class TaggedRuns(TypedDict):
    """The result of a change of tags, by run id."""

    updated: int
    results: dict[str, RunResult]


class MovedRuns(TypedDict):
    """The result of a move to another project, by run id."""

    updated: int
    results: dict[str, RunResult]
    previous: Annotated[dict[str, str], "Former project of each moved run."]
