"""Responses as objects with attributes, compatible with Runicorn 0.5.

    run = api.Experiment.from_dict(client.get_experiment(run_id))
    print(run.name, run.created_datetime)

The client itself answers dictionaries (`runicorn.api.responses`). A `from_dict` passes over keys that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

MIB = 1024 * 1024


@dataclass
class Experiment:
    """A run."""

    id: str
    project: str = "default"
    name: str = "default"
    status: str = "unknown"
    created_at: float = 0
    updated_at: float = 0
    summary: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from a run of a list or from a single run.

        Raises:
            KeyError: it has no `id`.
        """
        return cls(id=data["id"], **_known(cls, data))

    @property
    def created_datetime(self) -> datetime:
        """When it was created, in local time."""
        return datetime.fromtimestamp(self.created_at)

    @property
    def updated_datetime(self) -> datetime:
        """When it was last written to, in local time."""
        return datetime.fromtimestamp(self.updated_at)


@dataclass
class MetricPoint:
    """A value at a step; `timestamp` in Unix seconds."""

    step: int
    value: Any
    timestamp: float = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Of a point of `get_metrics`.

        Raises:
            KeyError: it has no `step` or no `value`.
        """
        return cls(step=data["step"], value=data["value"], **_known(cls, data))


@dataclass
class MetricSeries:
    """The points of a metric, in the order of their steps."""

    name: str
    points: list[MetricPoint] = field(default_factory=list)

    @classmethod
    def from_dict(cls, name: str, points_data: Iterable[Mapping[str, Any]]) -> Self:
        """Of `client.get_metrics(run_id)["metrics"][name]`.

        Raises:
            KeyError: a point has no `step` or no `value`.
        """
        return cls(name, [MetricPoint.from_dict(point) for point in points_data])

    @property
    def values(self) -> list[Any]:
        """The values."""
        return [point.value for point in self.points]

    @property
    def steps(self) -> list[int]:
        """The steps."""
        return [point.step for point in self.points]

    def last_value(self) -> Any:
        """The value of the last point; `None` without any."""
        return self.points[-1].value if self.points else None

    def min_value(self) -> Any:
        """The lowest number; `None` without any."""
        return min(self._numbers(), default=None)

    def max_value(self) -> Any:
        """The highest number; `None` without any."""
        return max(self._numbers(), default=None)

    def _numbers(self) -> list[float]:
        return [value for value in self.values if isinstance(value, int | float)]


@dataclass
class Artifact:
    """A version of an artifact."""

    name: str
    version: int
    type: str = "custom"
    created_at: float = 0
    size_bytes: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Of `client.artifacts.get_artifact`.

        Raises:
            KeyError: it has no `name` or no `version`.
        """
        return cls(name=data["name"], version=data["version"], **_known(cls, data))

    @property
    def id(self) -> str:
        """`name:v3`, as the client's methods take it."""
        return f"{self.name}:v{self.version}"

    @property
    def created_datetime(self) -> datetime:
        """When it was made, in local time."""
        return datetime.fromtimestamp(self.created_at)

    @property
    def size_mb(self) -> float:
        """Its size in MiB."""
        return self.size_bytes / MIB


@dataclass
class RemoteSession:
    """A viewer on another machine; `created_at` in Unix seconds."""

    session_id: str
    connection_id: str = ""
    remote_host: str = ""
    remote_port: int = 0
    local_port: int = 0
    remote_root: str = ""
    status: str = "unknown"
    created_at: float = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Of `client.remote.start_viewer` or an item of `list_viewer_sessions`.

        Raises:
            KeyError: it has no `session_id`.
        """
        told = {"remote_host": data.get("host"), "created_at": (data.get("started_at") or 0) / 1000, **data}
        return cls(session_id=data["session_id"], **_known(cls, told))

    @property
    def local_url(self) -> str:
        """Where it is reached here. To open it in a browser take the `url` of the answer, which lets in once."""
        return f"http://localhost:{self.local_port}"


@dataclass
class Project:
    """A project."""

    name: str
    experiment_count: int = 0
    latest_update: float = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Of an item of `client.list_projects`.

        Raises:
            KeyError: it has no `name`.
        """
        return cls(name=data["name"], **_known(cls, data))


def _known(kind: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """What `data` has of the fields with a default; `None` leaves the default."""
    optional = [one.name for one in fields(kind) if (one.default, one.default_factory) != (MISSING, MISSING)]
    return {name: data[name] for name in optional if data.get(name) is not None}
