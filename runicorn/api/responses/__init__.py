"""Responses of the API as typed dictionaries, a module for each subject.

Times are Unix seconds, sizes bytes. A server may send further keys.
"""

from __future__ import annotations

from runicorn.api.responses.artifacts import (
    Artifact,
    ArtifactDetail,
    ArtifactFiles,
    ArtifactVersion,
    Lineage,
    RunArtifact,
)
from runicorn.api.responses.config import Config
from runicorn.api.responses.exchange import ImportedArchive as Imported
from runicorn.api.responses.experiments import Experiment, ExperimentDetail, Filters, Time
from runicorn.api.responses.metrics import MetricPoint, Metrics, Series, SeriesAnswer
from runicorn.api.responses.projects import Project
from runicorn.api.responses.system import Health

__all__ = [
    "Artifact",
    "ArtifactDetail",
    "ArtifactFiles",
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
