"""Responses of the API as typed dictionaries, a module for each subject.

Times are Unix seconds, sizes bytes. A server may send further keys.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from runicorn.api.responses.artifacts import Artifact, ArtifactDetail, ArtifactVersion, Lineage, RunArtifact
from runicorn.api.responses.experiments import Experiment, ExperimentDetail, Filters, Time
from runicorn.api.responses.metrics import MetricPoint, Metrics, Series, SeriesAnswer
from runicorn.api.responses.projects import Project

__all__ = [
    "Artifact",
    "ArtifactDetail",
    "ArtifactVersion",
    "Config",
    "Experiment",
    "ExperimentDetail",
    "Filters",
    "Health",
    "Imported",
    "Lineage",
    "MetricPoint",
    "Metrics",
    "Project",
    "RunArtifact",
    "Series",
    "SeriesAnswer",
    "Time",
]


class Health(TypedDict):
    """Health and versions of the server."""

    status: str
    problem: NotRequired[str]
    version: str
    timestamp: float
    storage: str
    database: dict[str, str]
    cache: dict[str, float]


class Config(TypedDict):
    """Where the viewer keeps things."""

    user_root_dir: str
    storage: str
    config_file: str
    version: str


class Imported(TypedDict):
    """What became of an archive."""

    ok: bool
    dry_run: bool
    imported_files: int
    imported_bytes: int
    new_run_dirs: list[str]
    new_run_ids: list[str]
    replaced_run_ids: list[str]
    new_artifacts: list[str]
    left: dict[str, str]
    storage: str
