"""Responses as objects with attributes, compatible with Runicorn 0.5.

    run = api.Experiment.from_dict(client.get_experiment(run_id))
    print(run.name, run.created_datetime)

The client returns dictionaries (`runicorn.api.responses`). `from_dict` ignores unknown keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

MIB = 1024 * 1024


@dataclass
class Experiment:
    """A run."""

    id: str
    project: str = "default"
    name: str = "default"
    status: str = "unknown"
    state: str = "interrupted"
    state_reason: str | None = None
    created_at: float = 0
    updated_at: float = 0
    summary: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create it from a run of a list or a single run.

        Raises:
            KeyError: `id` is missing.
        """
        return cls(id=data["id"], **_optional_fields(cls, data))

    @property
    def created_datetime(self) -> datetime:
        """Return the creation time in local time."""
        return datetime.fromtimestamp(self.created_at)

    @property
    def updated_datetime(self) -> datetime:
        """Return the time of the last change in local time."""
        return datetime.fromtimestamp(self.updated_at)


@dataclass
class MetricPoint:
    """A value at a step; `timestamp` in Unix seconds."""

    step: int
    value: Any
    timestamp: float = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create it from a point of `get_metrics`.

        Raises:
            KeyError: `step` or `value` is missing.
        """
        return cls(step=data["step"], value=data["value"], **_optional_fields(cls, data))


@dataclass
class MetricSeries:
    """Points of a metric, by step."""

    name: str
    points: list[MetricPoint] = field(default_factory=list)

    @classmethod
    def from_dict(cls, name: str, points_data: Iterable[Mapping[str, Any]]) -> Self:
        """Create it from `client.get_metrics(run_id)["metrics"][name]`.

        Raises:
            KeyError: `step` or `value` of a point is missing.
        """
        return cls(name, [MetricPoint.from_dict(point) for point in points_data])

    @property
    def values(self) -> list[Any]:
        """Return the values."""
        return [point.value for point in self.points]

    @property
    def steps(self) -> list[int]:
        """Return the steps."""
        return [point.step for point in self.points]

    def last_value(self) -> Any:
        """Return the last value; None without points."""
        return self.points[-1].value if self.points else None

    def min_value(self) -> Any:
        """Return the lowest value; None without points."""
        return min(self._numbers(), default=None)

    def max_value(self) -> Any:
        """Return the highest value; None without points."""
        return max(self._numbers(), default=None)

    def _numbers(self) -> list[float]:
        return [value for value in self.values if isinstance(value, (int, float))]


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
        """Create it from `client.artifacts.get_artifact`.

        Raises:
            KeyError: `name` or `version` is missing.
        """
        return cls(name=data["name"], version=data["version"], **_optional_fields(cls, data))

    @property
    def id(self) -> str:
        """Return `name:v3`, as the client's methods accept it."""
        return f"{self.name}:v{self.version}"

    @property
    def created_datetime(self) -> datetime:
        """Return the creation time in local time."""
        return datetime.fromtimestamp(self.created_at)

    @property
    def size_mb(self) -> float:
        """Return the size in MiB."""
        return self.size_bytes / MIB


@dataclass
class RemoteSession:
    """A remote viewer; `created_at` in Unix seconds."""

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
        """Create it from `client.remote.start_viewer` or an item of `list_viewer_sessions`.

        Raises:
            KeyError: `session_id` is missing.
        """
        session_fields = {
            "remote_host": data.get("host"),
            "created_at": (data.get("started_at") or 0) / 1000,
            **data,
        }
        return cls(session_id=data["session_id"], **_optional_fields(cls, session_fields))

    @property
    def local_url(self) -> str:
        """Return its local URL. To open it in a browser, use `url` of the response, which logs in once."""
        return f"http://localhost:{self.local_port}"


@dataclass
class Project:
    """A project."""

    name: str
    experiment_count: int = 0
    latest_update: float = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create it from an item of `client.list_projects`.

        Raises:
            KeyError: `name` is missing.
        """
        return cls(name=data["name"], **_optional_fields(cls, data))


def _optional_fields(kind: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in `data` of fields with a default; None leaves the default."""
    optional = [
        field.name for field in fields(kind) if (field.default, field.default_factory) != (MISSING, MISSING)
    ]
    return {name: data[name] for name in optional if data.get(name) is not None}
