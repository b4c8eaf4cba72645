"""Runs as V2 answers them: the filters, the page, and what is said of each."""

from __future__ import annotations

import os
from typing import Any

from runs.api import responses
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered

EXPERIMENT = responses.ITEM | {
    "created_at": "created",
    "updated_at": "updated",
    "best_metric_step": "best_metric_step",
    "best_metric_mode": "best_metric_mode",
    "last_step": "last_step",
    "deleted_at": "deleted",
}
"""The name in an answer → the field of the row."""
COLUMNS = ("folder", *EXPERIMENT.values(), *responses.JOURNAL)


def experiment(root: StorageRoot, row: tuple[Any, ...]) -> dict[str, Any]:
    """An `Experiment` from the values of `COLUMNS`; times are Unix seconds."""
    return responses.named(EXPERIMENT, row) | responses.places(root, row[0])


def experiment_of(run: Run) -> dict[str, Any]:
    """An `Experiment` from a whole row."""
    return experiment(run.root, tuple(getattr(run, column) for column in COLUMNS))


def matching(root: StorageRoot, asked: dict[str, Any]) -> Matches:
    """The runs that the filters of an `ExperimentListQuery` leave."""
    return find_runs(
        root,
        include_deleted=asked["include_deleted"],
        project=asked.get("project") or None,
        name=asked.get("name") or None,
        statuses=asked.get("status", ()),
        tags=asked.get("tags", ()),
        search=asked.get("search", ""),
        created_after=asked.get("created_after"),
        created_before=asked.get("created_before"),
        best_min=asked.get("best_metric_min"),
        best_max=asked.get("best_metric_max"),
        where=asked.get("where"),
    )


def page(root: StorageRoot, asked: dict[str, Any]) -> dict[str, Any]:
    """One page of the experiments that a valid `ExperimentListQuery` asks for.

    `total` is exact up to 10,000; beyond, `total_capped` is true. `has_next` is always exact.

    Raises:
        UnknownOrder: there is no such key to sort by.
    """
    found, size = matching(root, asked), asked["per_page"]
    before = (asked["page"] - 1) * size
    ordered = Ordered(found, asked["order_by"], desc=asked["order_desc"]).values_list(*COLUMNS)
    rows = ordered[before : before + size + 1]
    total, capped = counts.capped(found)
    return {
        "experiments": [experiment(root, row) for row in rows[:size]],
        "total": total,
        **({"total_capped": True} if capped else {}),
        "page": asked["page"],
        "per_page": size,
        "has_next": len(rows) > size,
        "has_prev": asked["page"] > 1,
    }


def deletion(results: dict[str, Any]) -> dict[str, Any]:
    """The answer to a batch of deletions from what became of each run."""
    done = {run_id: bool(result["success"]) for run_id, result in results.items()}
    deleted = sum(done.values())
    message = f"Soft deleted {deleted} of {len(done)} runs"
    return {"deleted": deleted, "failed": len(done) - deleted, "results": done, "message": message}


def count_files(run: Run) -> int:
    """How many files the run's folder holds, in all its folders; links count as one and are not followed."""
    return sum(len(files) for _, _, files in os.walk(run.path))
