"""The viewer's API for Python programs.

    import runicorn.api as api

    with api.connect() as client:
        for run in client.iter_experiments(project="vision", status="finished"):
            print(run["id"], run["best_metric_value"])

What is answered are plain dictionaries (`runicorn.api.responses`; `runicorn.api.models` makes objects of them), what goes wrong is a `RunicornAPIError`.
"""

from __future__ import annotations

from runicorn.api import utils
from runicorn.api.artifacts import ArtifactsAPI
from runicorn.api.client import DEFAULT_URL, RunicornClient
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
from runicorn.api.urls import shown

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
    "utils",
]


def connect(
    base_url: str = DEFAULT_URL, timeout: float = 30, max_retries: int = 3, token: str | None = None
) -> RunicornClient:
    """A client of the viewer at that address, which was asked whether it is well.

    Args:
        base_url: the viewer's address.
        timeout: seconds to wait for an answer.
        max_retries: further attempts of a request that can be repeated without harm.
        token: the token that the viewer asks for, if it does; that of your own viewer on this machine is found.

    Raises:
        ConnectionError: the server does not respond, or is no Runicorn viewer.
        AuthenticationError: the viewer asks for a token, or for another one.
        ValueError: an argument makes no sense.
    """
    client = RunicornClient(base_url, timeout, max_retries, token)
    try:
        health = client.get("/api/health")
        well = isinstance(health, dict) and health.get("status") in {"ok", "healthy"}
        if not well:
            raise ConnectionError(f"{shown(client.base_url)} answers, but not as a Runicorn viewer")
    except (NotFoundError, ServerError) as error:
        client.close()
        raise ConnectionError(
            f"{shown(client.base_url)} answers, but not as a Runicorn viewer: {error}",
            status=error.status,
            payload=error.payload,
        ) from error
    except RunicornAPIError:
        client.close()
        raise
    return client
