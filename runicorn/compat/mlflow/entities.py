"""`mlflow.entities`: experiments and runs as MLflow returns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.unknown import UnknownMethods

PARENT_TAG = "mlflow.parentRunId"
NAME_TAG = "mlflow.runName"


def tags_in(meta: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that `meta.json` has as `key=value`."""
    return dict(tag.split("=", 1) for tag in meta.get("tags") or () if "=" in tag)


@dataclass
class Experiment(UnknownMethods):
    """An experiment, which is a project here; its id is its name."""

    _foreign_name = "mlflow.entities.Experiment"
    name: str
    tags: dict[str, Any] = field(default_factory=dict)
    artifact_location: str = ""
    lifecycle_stage: str = "active"
    creation_time: int | None = None

    @property
    def experiment_id(self) -> str:
        return self.name


@dataclass
class RunInfo(UnknownMethods):
    """Description of a run; times are milliseconds."""

    _foreign_name = "mlflow.entities.RunInfo"
    run_id: str
    run_name: str
    experiment_id: str
    status: str = "RUNNING"
    artifact_uri: str = ""
    start_time: int = 0
    end_time: int | None = None
    lifecycle_stage: str = "active"
    user_id: str = ""

    @property
    def run_uuid(self) -> str:
        return self.run_id


@dataclass
class RunData(UnknownMethods):
    """The last metrics, the parameters as texts, and the tags of a run."""

    _foreign_name = "mlflow.entities.RunData"
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Run(UnknownMethods):
    """A run."""

    _foreign_name = "mlflow.entities.Run"
    info: RunInfo
    data: RunData


@dataclass
class Metric:
    """A value of a metric."""

    key: str
    value: float
    timestamp: int = 0
    step: int = 0


@dataclass
class Param:
    """A parameter."""

    key: str
    value: Any


@dataclass
class FileInfo:
    """A file or folder of a run."""

    path: str
    is_dir: bool
    file_size: int | None = None


class ViewType:
    """Which runs and experiments are listed."""

    ACTIVE_ONLY, DELETED_ONLY, ALL = 1, 2, 3


@dataclass
class RunTag:
    """A tag."""

    key: str
    value: Any


class RunStatus:
    """States of a run."""

    RUNNING, SCHEDULED, FINISHED, FAILED, KILLED = "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"

    @staticmethod
    def to_string(status: str) -> str:
        return status

    @staticmethod
    def from_string(status: str) -> str:
        return status


__getattr__ = names_of("mlflow.entities", "runicorn.compat.mlflow")
