"""Client of the HTTP API of a Runicorn server.

    import runicorn.api as api

    with api.connect() as client:
        for run in client.iter_experiments(project="vision", status="finished"):
            print(run["id"], run["best_metric_value"])

Responses are plain dictionaries (`runicorn.api.responses`; `runicorn.api.models` wraps them in objects), errors are
subclasses of `RunicornAPIError`. Public names are imported on first use: the server needs the responses without an HTTP
client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runicorn.api import responses, utils
    from runicorn.api.alerts import AlertsAPI
    from runicorn.api.artifacts import ArtifactsAPI
    from runicorn.api.client import RunicornClient, connect
    from runicorn.api.errors import (
        AuthenticationError,
        BadRequestError,
        ConflictError,
        ConnectionError,
        NotFoundError,
        RateLimitError,
        RunicornAPIError,
        ServerError,
    )
    from runicorn.api.frames import metric_of_runs
    from runicorn.api.models import Artifact, Experiment, MetricPoint, MetricSeries, Project, RemoteSession
    from runicorn.api.remote import RemoteAPI
    from runicorn.api.utils import runs_frame

__all__ = [
    "AlertsAPI",
    "Artifact",
    "ArtifactsAPI",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "ConnectionError",
    "Experiment",
    "MetricPoint",
    "MetricSeries",
    "NotFoundError",
    "Project",
    "RateLimitError",
    "RemoteAPI",
    "RemoteSession",
    "RunicornAPIError",
    "RunicornClient",
    "ServerError",
    "connect",
    "metric_of_runs",
    "responses",
    "runs_frame",
    "utils",
]

_HOMES = ("errors", "models", "alerts", "artifacts", "remote", "client", "frames", "utils")
"""Modules that define public names, cheap imports first."""
_MODULES = ("errors", "exceptions", "models", "responses", "utils")

# Hidden from type checkers, which accept any name of a module with a `__getattr__`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import and cache the module that defines a public name."""
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"runicorn.api.{name}")
        for home in _HOMES if name in __all__ else ():
            module = import_module(f"runicorn.api.{home}")
            if hasattr(module, name):
                value = globals()[name] = getattr(module, name)
                return value
        raise AttributeError(f"module 'runicorn.api' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return __all__
