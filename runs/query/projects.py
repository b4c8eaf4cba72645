"""Projects of a storage root and their experiments."""

from __future__ import annotations

from pathlib import Path

from django.db.models import Count, Max

from runicorn.api.responses.projects import Project
from runicorn.store.project.folder import project_folder
from runicorn_site.web.readable import current
from runs.models import Run, StorageRoot
from runs.query import counts


def projects(root: StorageRoot) -> list[Project]:
    """Return the projects by name, with their numbers of experiments and runs and their latest change."""
    return counts.remembered(root, "projects", lambda: _projects(root))


def latest_projects(root: StorageRoot, most: int) -> list[str]:
    """Return the names of the projects that changed last, the latest first."""
    ordered = sorted(projects(root), key=lambda project: project["latest_update"], reverse=True)
    return [project["name"] for project in ordered[:most]]


def _projects(root: StorageRoot) -> list[Project]:
    runs = Run.objects.in_root(root).live().order_by("project", "name").values_list("project", "name")
    projects: dict[str, Project] = {}
    for project, _, count, latest in runs.annotate(Count("pk"), Max("updated")):
        empty = Project(name=project, experiment_count=0, run_count=0, latest_update=latest)
        entry = projects.setdefault(project, empty)
        entry["experiment_count"] += 1
        entry["run_count"] += count
        entry["latest_update"] = max(entry["latest_update"], latest)
    return sorted(projects.values(), key=lambda entry: entry["name"])


def exists(root: StorageRoot, project: str) -> bool:
    """Return whether a project has a folder, or runs, which may have been moved to it without one."""
    try:
        has_folder = project_folder(Path(root.path), project).is_dir()
    except OSError:  # a link out of the root
        has_folder = False
    return (has_folder and project in current()) or has_runs(root, project)


def has_runs(root: StorageRoot, project: str) -> bool:
    """Return whether a project that the user may see has runs; its name may be that of a folder made by hand."""
    return project in current() and Run.objects.in_root(root).live().filter(project=project).exists()


def experiment_names(root: StorageRoot, project: str) -> list[str]:
    """Return the names of the experiments of a project; none for an unknown project."""
    runs = Run.objects.in_root(root).live().filter(project=project)
    return list(runs.order_by("name").values_list("name", flat=True).distinct())
