"""Move versions between lifecycle stages."""

from __future__ import annotations

import time
from typing import TypedDict

from artifacts.errors import InvalidValue
from artifacts.models import Version
from artifacts.services.curation import append_record, apply_change
from runicorn.artifacts import curation, store
from runicorn.json_value import JsonObject

STAGES = ("experimental", "staging", "production", "archived")
TRANSITIONS = {
    "experimental": ("staging", "archived"),
    "staging": ("production", "experimental", "archived"),
    "production": ("staging", "archived"),
    "archived": ("experimental",),
}
"""Stages that each stage may change to."""
PRODUCTION = "production"


class StageChange(TypedDict):
    """Curated fields that a change of the stage sets."""

    lifecycle_stage: str
    stage_transitions: list[object]


def promote(*, version: Version, to_stage: str, notes: str | None, evaluator_run_id: str | None) -> Version:
    """Move a version to another stage; the version in production has the alias `production`.

    Raises:
        InvalidValue: the stage is unknown, or the transition is not allowed.
    """
    if to_stage not in STAGES:
        raise InvalidValue(
            "Invalid target stage: {to_stage}. Must be one of {stages}",
            "to_stage",
            to_stage=to_stage,
            stages=list(STAGES),
        )

    def step(document: JsonObject) -> StageChange:
        # The current stage is read under the lock.
        before = stage_of(document.get("lifecycle_stage") or version.stage)
        if to_stage not in TRANSITIONS[before]:
            raise InvalidValue(
                "Invalid transition from {before} to {to_stage}", "to_stage", before=before, to_stage=to_stage
            )
        record = {
            "from_stage": before,
            "to_stage": to_stage,
            "timestamp": time.time(),
            "notes": notes,
            "evaluator_run_id": evaluator_run_id,
        }
        return {
            "lifecycle_stage": to_stage,
            "stage_transitions": append_record(document.get("stage_transitions"), record),
        }

    def change(on_disk: store.Version) -> None:
        curation.note(on_disk, step)
        if to_stage == PRODUCTION and not on_disk.is_deleted():
            curation.set_alias(on_disk.artifact, PRODUCTION, version.number)
        elif to_stage != PRODUCTION and on_disk.artifact.aliases().get(PRODUCTION) == version.number:
            curation.remove_alias(on_disk.artifact, PRODUCTION)

    return apply_change(version, change)


def stage_of(word: object) -> str:
    """Return a stage read from the store, or the first stage if it is unknown."""
    return word if isinstance(word, str) and word in STAGES else STAGES[0]
