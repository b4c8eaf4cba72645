"""State of a run as the live socket of its page sends it."""

from __future__ import annotations

from typing import TypedDict

from runs.models import Run


class RunState(TypedDict):
    """The fields of the page's header that change. Times are Unix seconds."""

    run_id: str
    project: str
    name: str
    status: str
    exit_reason: str | None
    state: str
    state_reason: str | None
    created: float
    updated: float
    started: float | None
    ended: float | None
    duration: float | None
    best_metric_name: str | None
    best_metric_value: float | None
    best_metric_step: int | None
    last_step: int | None
    warnings: list[str]


def run_state(run: Run) -> RunState:
    return RunState(
        run_id=run.run_id,
        project=run.project,
        name=run.name,
        status=run.status,
        exit_reason=run.exit_reason,
        state=run.state,
        state_reason=run.state_reason,
        created=run.created,
        updated=run.updated,
        started=run.started,
        ended=run.ended,
        duration=run.duration,
        best_metric_name=run.best_metric_name,
        best_metric_value=run.best_metric_value,
        best_metric_step=run.best_metric_step,
        last_step=run.last_step,
        warnings=run.warnings,
    )
