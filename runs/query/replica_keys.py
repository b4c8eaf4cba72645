"""Keys of replicas, of runs that have none yet."""

from __future__ import annotations

from pathlib import Path

from runicorn_tools.analysis.replicas import key_of_folder, rules_of
from runs.models import Run, RunQuerySet, StorageRoot
from runs.query import counts
from runs.query.where.ast import Node, comparisons

AT_ONCE = 500


def prepare(root: StorageRoot, where: Node | None) -> None:
    """Compute the keys before a condition on them is evaluated."""
    if where is not None and any(comparison.field.name == "replica_key" for comparison in comparisons(where)):
        # No index leads to runs without one: they are looked for once until a run changes.
        counts.remembered(root, "replica keys", lambda: fill(root, Run.objects.in_root(root)))


def fill(root: StorageRoot, runs: RunQuerySet) -> None:
    """Compute the keys of runs that were listed before there were any, or whose project changed its rules."""
    while rows := list(
        runs.filter(replica_key=None).exclude(signature="").order_by("pk").only("folder", "project")[:AT_ONCE]
    ):
        for run in rows:
            run.replica_key = key_of_folder(Path(root.path, run.folder), rules_of(root.path, run.project))
        Run.objects.bulk_update(rows, ["replica_key"])
