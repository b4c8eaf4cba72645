"""Evaluations of versions, and the results of the runs that created them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from artifacts.models import Artifact, Version
from artifacts.services.curation import append_record, apply_change
from runicorn.api.responses.artifacts import Evaluation, TrainingResult, VersionPerformance
from runicorn.artifacts import curation, store
from runs.models import Run
from runs.store import sanitize


def evaluate(*, version: Version, evaluation: Mapping[str, Any]) -> Evaluation:
    """Record an evaluation of a version and return it with its id."""
    now = time.time()
    record = cast(
        Evaluation,
        {
            "id": f"{version.artifact.name}_v{version.number}_{int(now * 1000)}",
            "model_name": version.artifact.name,
            "model_version": version.number,
            "evaluation_date": now,
            **evaluation,
        },
    )

    def change(on_disk: store.Version) -> None:
        curation.note(
            on_disk, lambda document: {"evaluations": append_record(document.get("evaluations"), record)}
        )

    apply_change(version, change)
    return record


def list_evaluations(artifact: Artifact, number: int | None = None) -> list[Evaluation]:
    """Return the evaluations of an artifact or of one version, newest first."""
    versions = artifact.versions.indexed().filter(**({"number": number} if number else {}))
    evaluations = [
        # Records of other programs: fields may have any value.
        cast(Evaluation, {field: record.get(field) for field in Evaluation.__annotations__})
        for curated in versions.values_list("curation", flat=True)
        for record in curated.get("evaluations") or []
        if isinstance(record, dict)
    ]
    return sorted(
        evaluations, key=lambda record: sanitize.number(record["evaluation_date"]) or 0.0, reverse=True
    )


def training_result(version: Version) -> TrainingResult | None:
    """Return the results of the run that made a version, or None if that run is not in the store."""
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
        **run.state_fields(),
    }


def performance_history(artifact: Artifact, metric: str | None = None) -> list[VersionPerformance]:
    """Return the numbers in the summary of each version's run; with `metric` only of versions that have it."""
    versions = list(artifact.versions.live().order_by("number"))
    runs = _runs(versions)
    entries: list[VersionPerformance] = []
    for version in versions:
        run = runs.get(version.run_id)
        numbers = _numbers(run.summary if run else {})
        if metric is not None:
            numbers = {metric: numbers[metric]} if metric in numbers else {}
            if not numbers:
                continue
        entries.append(
            {
                "version": version.number,
                "created_at": version.created,
                "run_id": version.run_id or None,
                "status": run.status if run else None,
                "state": run.state_fields()["state"] if run else None,
                "state_reason": run.state_reason if run else None,
                "metrics": numbers,
            }
        )
    return entries


def _numbers(summary: dict[str, Any]) -> dict[str, float]:
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
