"""Move runs to another project, by `project` in `curation.json`.

The folder of a run stays: mirrors, uploads and archives find it by its path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rest_framework.exceptions import ValidationError

from runicorn.api.responses.runs import RunResult
from runicorn.store.project import description
from runs.models import Run, StorageRoot
from runs.services import write_through
from runs.services.curation import refuse_deleted, refuse_in_use, write
from runs.services.write_through import one_file


def move_runs(
    *, root: StorageRoot, run_ids: Sequence[str], project: str
) -> tuple[dict[str, RunResult], dict[str, str]]:
    """Move runs to a project; return the result of each run, and the previous projects of those that were moved.

    Args:
        project: a valid name, or blank for the project of each run's folder.
    """
    previous: dict[str, str] = {}

    def move(run: Run) -> None:
        refuse_deleted(run)
        refuse_in_use(run)
        write(run, {"project": project})
        previous[run.run_id] = run.project

    results = write_through.for_each(root, run_ids, move)
    return results, previous


def describe_project(*, root: StorageRoot, project: str, text: str) -> None:
    """Replace the description of a project.

    Raises:
        ValidationError: the text is too long.
    """
    try:
        with one_file():
            description.write(Path(root.path), project, text.replace("\r\n", "\n"))
    except description.DescriptionTooLong as error:
        raise ValidationError({"description": [str(error)]}) from error
