"""Change what people decided on the analysis of a project: its baseline, formulas, and rules of replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.settings import api_settings

from runicorn.store.layout import InvalidName
from runicorn.store.project import analysis
from runicorn.store.project.analysis import Analysis, InvalidAnalysis
from runs.models import Run, StorageRoot
from runs.query import counts, projects
from runs.services.write_through import one_file


def read(root: StorageRoot, project: str) -> Analysis:
    """Return what was decided.

    Raises:
        NotFound: the project does not exist, or may not be read.
    """
    _check_project(root, project)
    return analysis.read(Path(root.path), project)


def set_baseline(*, root: StorageRoot, project: str, run_ids: Sequence[str]) -> Analysis:
    """Set the runs that others are compared with; none removes the baseline.

    Raises:
        ValidationError: a run is not in the project.
    """
    there = Run.objects.in_root(root).live().filter(project=project, run_id__in=run_ids)
    missing = set(run_ids) - set(there.values_list("run_id", flat=True))
    if missing:
        raise ValidationError({"run_ids": [f"No run of this project: {', '.join(sorted(missing))}"]})

    def change(content: Analysis) -> None:
        content["baseline"] = list(run_ids)

    return update(root, project, change)


def set_replica_rules(
    *, root: StorageRoot, project: str, seed_keys: Sequence[str], compare_packages: bool
) -> Analysis:
    """Set in what replicas of a project may differ; its runs are compared again at the next request."""

    def change(content: Analysis) -> None:
        content["seed_keys"] = list(dict.fromkeys(seed_keys))
        content["compare_packages"] = compare_packages

    content = update(root, project, change)
    Run.objects.filter(root=root, project=project).update(replica_key=None)
    return content


def update(root: StorageRoot, project: str, change: Callable[[Analysis], None]) -> Analysis:
    """Write a change of the file.

    Raises:
        NotFound: the project does not exist.
        ValidationError: the changed content is invalid.
    """
    _check_project(root, project)
    try:
        with one_file():
            content = analysis.update(Path(root.path), project, change)
    except InvalidAnalysis as error:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(error)]}) from error
    counts.invalidate(root)
    return content


def _check_project(root: StorageRoot, project: str) -> None:
    try:
        is_known = projects.exists(root, project)
    except InvalidName as error:
        raise ValidationError({"project": [str(error)]}) from error
    if not is_known:
        raise NotFound(f"Project not found: {project}")
