"""The viewer's API for Python programs.

    import runicorn.api as api

    with api.connect() as client:
        for run in client.iter_experiments(project="vision", status="finished"):
            print(run["id"], run["best_metric_value"])

What is answered are plain dictionaries (`runicorn.api.responses`; `runicorn.api.models` makes objects of them), what goes wrong is a `RunicornAPIError`.
Names are loaded when they are first used: the server needs the responses alone, and not an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runicorn.api import responses, utils
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
    from runicorn.api.models import Artifact, Experiment, MetricPoint, MetricSeries, Project, RemoteSession
    from runicorn.api.remote import RemoteAPI

__all__ = [
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
    "responses",
    "utils",
]

_HOMES = {
    "artifacts": ("ArtifactsAPI",),
    "client": ("RunicornClient", "connect"),
    "errors": (
        "AuthenticationError",
        "BadRequestError",
        "ConflictError",
        "ConnectionError",
        "NotFoundError",
        "RateLimitError",
        "RunicornAPIError",
        "ServerError",
    ),
    "models": ("Artifact", "Experiment", "MetricPoint", "MetricSeries", "Project", "RemoteSession"),
    "remote": ("RemoteAPI",),
}

_MODULES = ("errors", "exceptions", "models", "responses", "utils")

# Hidden from type checkers, which take any name for known where a module has a `__getattr__`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the module that defines a public name, once."""
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"runicorn.api.{name}")
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(f"runicorn.api.{home}"), name)
                return value
        raise AttributeError(f"module 'runicorn.api' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return __all__
