"""How the versions of a model did: what their runs say, and what was evaluated."""

from __future__ import annotations

from typing import Any

from artifacts.models import Artifact, Version
from runs.models import Run
from runs.store.sanitize import number as finite

FIELDS = (
    "id",
    "model_name",
    "model_version",
    "evaluation_date",
    "evaluator_run_id",
    "metrics",
    "test_dataset",
    "status",
    "notes",
)


def evaluations(artifact: Artifact, number: int | None = None) -> list[dict[str, Any]]:
    """The evaluations of an artifact or of one version, the newest first."""
    versions = artifact.versions.whole().filter(**({"number": number} if number else {}))
    found = [
        {field: record.get(field) for field in FIELDS}
        for curation in versions.values_list("curation", flat=True)
        for record in curation.get("evaluations") or []
        if isinstance(record, dict)
    ]
    return sorted(found, key=lambda record: finite(record["evaluation_date"]) or 0.0, reverse=True)


def training(version: Version) -> dict[str, Any] | None:
    """What is known of the run that made a version; None when there is no such run here."""
    run = _runs([version]).get(version.run_id)
    if run is None:
        return None
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "project": run.project,
        "metrics": run.summary,
        "created_at": run.created,
        "duration_seconds": run.duration,
        "status": run.status,
    }


def history(artifact: Artifact, metric: str | None = None) -> list[dict[str, Any]]:
    """The figures of each version's run, by version; of one metric, those versions that have it."""
    versions = list(artifact.versions.live().order_by("number"))
    runs = _runs(versions)
    found = []
    for version in versions:
        run = runs.get(version.run_id)
        figures = _figures(run.summary if run else {})
        if metric is not None:
            figures = {metric: figures[metric]} if metric in figures else {}
            if not figures:
                continue
        found.append(
            {
                "version": version.number,
                "created_at": version.created,
                "run_id": version.run_id or None,
                "status": run.status if run else None,
                "metrics": figures,
            }
        )
    return found


def _figures(summary: dict[str, Any]) -> dict[str, float]:
    return {
        key: value
        for key, value in summary.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _runs(versions: list[Version]) -> dict[str, Run]:
    if not versions:
        return {}
    ids = {version.run_id for version in versions if version.run_id}
    runs = Run.objects.in_root(versions[0].artifact.root).filter(run_id__in=ids)
    return {run.run_id: run for run in runs}
