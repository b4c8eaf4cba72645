"""The verbs of the runs: the only way to change one. What they decide is written as a file first, then as a row."""

from __future__ import annotations

import time
from contextlib import suppress

from django.db.models import F

from runicorn.store import layout, process_identity
from runs.active_root import active_root
from runs.errors import ExperimentNotFound, InvalidRunId, OutsideRoot, RunNotFound
from runs.index import discovery
from runs.index.media_index import media_of
from runs.index.metric_index import forget_metrics, record_metrics
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.services import dead_runs
from runs.services.curation import edit_run, flag_runs, tag_runs
from runs.services.recycle_bin import empty_recycle_bin, remove_runs, restore_runs, soft_delete_runs
from runs.services.write_through import Result, count
from runs.store.metric_stats import MetricFacts

__all__ = [
    "MetricFacts",
    "Result",
    "check_processes",
    "check_processes_now_and_then",
    "count",
    "edit_run",
    "empty_recycle_bin",
    "flag_runs",
    "forget_metrics",
    "get_experiment",
    "get_run",
    "media_of",
    "record_metrics",
    "remove_runs",
    "restore_runs",
    "soft_delete_runs",
    "tag_runs",
]

SHARE = 50
"""Reading lists may spend a fiftieth of the time on looking for dead processes."""
_next_check: dict[int, float] = {}


def get_run(run_id: str, *, deleted: bool = False) -> Run:
    """The run of that id in the active root, as its files are now and with the dead-process rule applied.

    Args:
        run_id: of any form, when such a run exists.
        deleted: whether one in the recycle bin counts.

    Raises:
        InvalidRunId: there is none, and there cannot be.
        RunNotFound: there is none, or it is in the recycle bin.
        OutsideRoot: a link leads out of the storage root.
    """
    run = None if "\0" in run_id else discovery.refresh_run(active_root(), run_id)
    if run is None and not layout.is_run_id(run_id):
        raise InvalidRunId(run_id)
    if run is None or (run.deleted is not None and not deleted):
        raise RunNotFound(run_id)
    return _apply_rule(run) if process_identity.is_gone(run) else _inside(run)


def get_experiment(run_id: str, *, deleted: bool = False) -> Run:
    """The same as `get_run`, in the words of V2.

    Raises:
        InvalidRunId: there is none, and there cannot be.
        ExperimentNotFound: there is none, it is in the recycle bin, or a link leads out of the storage root.
    """
    try:
        return get_run(run_id, deleted=deleted)
    except (RunNotFound, OutsideRoot) as error:
        raise ExperimentNotFound(run_id) from error


def check_processes(root: StorageRoot) -> tuple[int, int]:
    """Apply the dead-process rule to every running run: how many were looked at, and how many had died."""
    checked = updated = 0
    fields = ("run_id", "folder", "status", "pid", "process_start", "hostname", "machine_id", "boot_id")
    running = Run.objects.in_root(root).live().filter(status=layout.RUNNING)
    for run in running.only(*fields, "pid_namespace").order_by("pk"):
        checked += 1
        if process_identity.is_gone(run):
            run.root = root
            with suppress(OutsideRoot):  # a folder that became a link is not ours to judge
                updated += _apply_rule(run).status != layout.RUNNING
    return checked, updated


def check_processes_now_and_then(root: StorageRoot) -> None:
    """Apply the rule before a list is answered, as often as that costs next to nothing."""
    discovery.look_now(root)
    began = time.monotonic()
    if began >= _next_check.get(root.pk, 0.0):
        check_processes(root)
        took = time.monotonic() - began
        _next_check[root.pk] = time.monotonic() + SHARE * took


def _inside(run: Run) -> Run:
    run.path  # noqa: B018 - raises when the folder lies elsewhere
    return run


def _apply_rule(run: Run) -> Run:
    try:
        verdict = dead_runs.judge(run.path, run)
    except FileNotFoundError:
        return run
    if verdict is not None and verdict.unwritten is not None:
        _keep_in_row(run, verdict)
    return discovery.refresh_run(run.root, run.run_id) or run


def _keep_in_row(run: Run, verdict: dead_runs.Verdict) -> None:
    """A verdict that could not be written: the row alone has it, and says so."""
    sentence = f"The process is gone; that could not be written into status.json: {verdict.unwritten}."
    warnings = Run.objects.values_list("warnings", flat=True).get(pk=run.pk)
    still = Run.objects.filter(pk=run.pk, status=layout.RUNNING)
    still.update(
        status=layout.FAILED,
        exit_reason=dead_runs.NOT_FOUND,
        ended=verdict.ended,
        duration=verdict.ended - F("started"),
        warnings=[*warnings, sentence],
    )
    counts.changed(run.root)
