"""Responses of the API as typed dictionaries, a module for each subject.

Times are Unix seconds, sizes bytes. A server may send more keys than are named here.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from runicorn.api.responses.experiments import Experiment, ExperimentDetail, Filters, Time
from runicorn.api.responses.projects import Project

__all__ = [
    "Artifact",
    "ArtifactDetail",
    "ArtifactVersion",
    "Config",
    "Connection",
    "Experiment",
    "ExperimentDetail",
    "Filters",
    "Health",
    "Imported",
    "Lineage",
    "MetricPoint",
    "Metrics",
    "Project",
    "RemoteEntry",
    "RemoteEnvironment",
    "RunArtifact",
    "Series",
    "SeriesAnswer",
    "Time",
    "ViewerSession",
]


class MetricPoint(TypedDict):
    """A value at a step."""

    step: int
    value: float | bool | str
    timestamp: float | None


class Metrics(TypedDict):
    """The points of each metric, by step."""

    metrics: dict[str, list[MetricPoint]]


class Series(TypedDict):
    """A curve in columns; `special` names the points of `y` that are no finite number."""

    name: str
    kind: str
    count: int
    min: float | None
    max: float | None
    last: float | None
    x: list[float]
    y: list[float | None]
    special: list[tuple[int, Literal["nan", "inf", "-inf"]]]


class SeriesAnswer(TypedDict):
    """The curves of a run, and where to go on from."""

    series: list[Series]
    last_row: int
    generation: int
    query_time_ms: float


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


class Artifact(TypedDict):
    """An artifact in a list."""

    name: str
    type: str
    num_versions: int
    latest_version: int
    size_bytes: int
    created_at: float
    updated_at: float
    aliases: dict[str, int]


class ArtifactVersion(TypedDict):
    """A version in the list of an artifact."""

    version: int
    created_at: float
    created_by_run: str | None
    size_bytes: int
    num_files: int
    status: str
    aliases: list[str]


class ArtifactDetail(ArtifactVersion):
    """Everything about one version."""

    name: str
    type: str
    updated_at: float
    num_references: int
    metadata: dict[str, Any]
    description: str
    tags: list[str]
    manifest_digest: str


class RunArtifact(TypedDict):
    """An artifact version that a run made or used."""

    relation: Literal["created", "used"]
    name: str
    type: str
    version: int
    size_bytes: int
    created_at: float
    description: str | None
    aliases: list[str]


class Lineage(TypedDict):
    """What a version was made from and what was made from it: edges follow the data."""

    root_artifact: str
    nodes: list[dict[str, Any]]
    edges: list[dict[str, str]]


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
