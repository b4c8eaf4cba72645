"""Client of a server: runs, metrics, configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, cast

from runicorn.api import paging, urls
from runicorn.api.alerts import AlertsAPI
from runicorn.api.analysis import AnalysisAPI
from runicorn.api.artifacts import ArtifactsAPI
from runicorn.api.differences import DifferencesAPI
from runicorn.api.errors import ConnectionError, NotFoundError, RunicornAPIError, ServerError
from runicorn.api.remote import RemoteAPI
from runicorn.api.samples import SamplesAPI
from runicorn.api.shares import SharesAPI
from runicorn.api.transport import Form, Transport

if TYPE_CHECKING:
    import requests
    from typing_extensions import Self, Unpack

    from runicorn.api import responses

DEFAULT_URL = "http://127.0.0.1:23300"
IMPORT_SECONDS = 3600.0
"""Unpacking and reading a large archive takes long before the response begins."""


class RunicornClient(DifferencesAPI):
    """Client of a Runicorn server. The first request is sent by the first method call.

    Thread-safe: each thread has its own HTTP session. `close` closes all of them.

    Args:
        base_url: URL of the server; a path before `/api` (behind a proxy) is kept.
        timeout: seconds to wait for a connection, and then for each part of a response.
        max_retries: retries of a GET, PUT or DELETE after a connection error or 429, 502, 503 and 504;
            a `Retry-After` of up to 60 seconds is respected. A POST is never retried.
        token: access token, if the server requires one; the token of your own viewer on this machine is found.
    Raises:
        ValueError: an argument is invalid.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        timeout: float = 30,
        max_retries: int = 3,
        token: str | None = None,
    ) -> None:
        self._transport = Transport(base_url, timeout, max_retries, token)

    @property
    def base_url(self) -> str:
        """Return the URL of the server."""
        return self._transport.base_url

    @property
    def session(self) -> requests.Session:
        """Return the HTTP session of this thread."""
        return self._transport.session()

    @property
    def timeout(self) -> float:
        """Return the timeout of a request in seconds."""
        return self._transport.timeout

    @cached_property
    def alerts(self) -> AlertsAPI:
        """Return the client of alerts: rules, channels and events."""
        return AlertsAPI(self._transport)

    @cached_property
    def analysis(self) -> AnalysisAPI:
        """Return the client of groups, verdicts, replicas and baselines."""
        return AnalysisAPI(self._transport)

    @cached_property
    def artifacts(self) -> ArtifactsAPI:
        """Return the client of artifacts and their versions."""
        return ArtifactsAPI(self._transport)

    @cached_property
    def remote(self) -> RemoteAPI:
        """Return the client of remote viewers."""
        return RemoteAPI(self._transport)

    @cached_property
    def samples(self) -> SamplesAPI:
        """Return the client of samples: rollouts, completions, evaluated examples."""
        return SamplesAPI(self._transport)

    @cached_property
    def shares(self) -> SharesAPI:
        """Return the client of shared links."""
        return SharesAPI(self._transport)

    # Any route

    def get(self, endpoint: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of `GET endpoint`, such as `/api/runs`; its parts must be quoted."""
        return self._transport.json("GET", urls.rooted(endpoint), params=urls.query(params or {}))

    def post(self, endpoint: str, json: Any = None) -> Any:
        """Return the JSON of `POST endpoint`; never retried."""
        return self._transport.json("POST", urls.rooted(endpoint), body=json)

    def put(self, endpoint: str, json: Any = None) -> Any:
        """Return the JSON of `PUT endpoint`."""
        return self._transport.json("PUT", urls.rooted(endpoint), body=json)

    def delete(self, endpoint: str, json: Any = None) -> Any:
        """Return the JSON of `DELETE endpoint`."""
        return self._transport.json("DELETE", urls.rooted(endpoint), body=json)

    # Runs

    def list_experiments(
        self,
        project: str | None = None,
        name: str | None = None,
        status: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[responses.Filters],
    ) -> list[responses.Experiment]:
        """Return the matching runs, newest first unless `order_by` is given.

        Args:
            project: the project's name.
            name: the experiment's name.
            status: one status or several.
            limit: maximum number of runs; None for all.
            offset: number of runs to skip.
            filters: `tags` (all of them), `search`, `created_after`, `created_before`, `best_metric_min`,
                `best_metric_max`, `include_deleted`, `order_by`, `order_desc`, `sort`,
                `pinned_first`, `where`.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`.
            TypeError: a filter is unknown.
            ValueError: `limit` or `offset` is negative.
        """
        if (limit or 0) < 0 or (offset or 0) < 0:
            raise ValueError("limit and offset must not be negative")
        params = paging.question(project, name, status, filters)
        size = paging.MOST if limit is None else max(1, min(limit, paging.MOST))
        experiments = paging.experiments(self._transport, params, size, offset or 0)
        return list(islice(experiments, limit))

    def iter_experiments(
        self,
        project: str | None = None,
        name: str | None = None,
        status: str | Sequence[str] | None = None,
        *,
        page_size: int = 200,
        **filters: Unpack[responses.Filters],
    ) -> Iterator[responses.Experiment]:
        """Yield the matching runs, fetched page by page. Takes the filters of `list_experiments`.

        Runs created meanwhile do not cause duplicates; a run deleted meanwhile may hide another.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`; while iterating.
            TypeError: a filter is unknown.
            ValueError: `page_size` is not 1 to 1,000.
        """
        if not 1 <= page_size <= paging.MOST:
            raise ValueError(f"page_size must be 1 to {paging.MOST}, not {page_size}")
        params = paging.question(project, name, status, filters)
        return paging.experiments(self._transport, params, page_size)

    def get_experiment(self, run_id: str) -> responses.ExperimentDetail:
        """Return the details of a run.

        Raises:
            NotFoundError: the run does not exist, or is in the recycle bin.
            BadRequestError: the run id is malformed.
        """
        run = self._transport.json("GET", urls.path("runs", run_id))
        # The route returns only runs that are not deleted.
        return cast("responses.ExperimentDetail", {"deleted_at": None, **run})

    get_run = get_experiment

    def list_projects(self) -> list[responses.Project]:
        """Return the projects by name, with the number of their experiments and runs."""
        answer = self._transport.json("GET", urls.path("projects"))
        return cast("list[responses.Project]", answer["details"])

    # Metrics

    def get_metrics(
        self, run_id: str, metric_names: str | Sequence[str] | None = None, limit: int | None = None
    ) -> responses.Metrics:
        """Return the points of a run's metrics by step: `{"metrics": {name: [{"step", "value", "timestamp"}, …]}}`.

        The last value of a step wins. Metrics without points are left out, and so are NaN and infinities, which
        `get_series` lists.

        Args:
            run_id: the run.
            metric_names: one or more metrics; None for all.
            limit: maximum number of steps (2 to 50,000), sampled so that the first, last, highest and lowest value of
                every metric are kept.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: the run id is malformed, or `limit` is out of range.
        """
        names = _names(metric_names)
        if names == []:
            return {"metrics": {}}
        params = urls.query({"metric_names": names, "downsample": limit})
        path = urls.path("v2", "experiments", run_id, "metrics", "fast")
        answer = self._transport.json("GET", path, params=params)
        return {"metrics": paging.points(answer["columns"], answer["rows"], names)}

    def get_series(
        self,
        run_id: str,
        names: str | Sequence[str] | None = None,
        *,
        points: int = 2000,
        x: Literal["step", "time"] = "step",
        step_range: tuple[int | None, int | None] | None = None,
    ) -> responses.SeriesAnswer:
        """Return the curves of a run in columns, each sampled separately with its extremes kept.

        Args:
            run_id: the run.
            names: one or more metrics; None for all.
            points: maximum number of points per curve (4 to 50,000).
            x: "step", or "time" in Unix seconds, which keeps all values logged at the same step.
            step_range: first and last step, inclusive; None leaves an end open.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: an argument is out of range.
        """
        low, high = step_range or (None, None)
        span = None if step_range is None else f"{'' if low is None else low}:{'' if high is None else high}"
        params = {"names": _names(names), "points": points, "x": x, "step_range": span}
        path = urls.path("v2", "experiments", run_id, "series")
        answer = self._transport.json("GET", path, params=urls.query(params))
        return cast("responses.SeriesAnswer", answer)

    # Import and export

    def export_experiment(
        self, run_id: str, format: Literal["json", "csv"] = "json", include_media: bool = False
    ) -> bytes:
        """Return a run as the bytes of a file: one JSON document, or its metrics as CSV.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: the format is unknown, or media were requested as CSV.
        """
        body = {"run_id": run_id, "format": format, "include_media": include_media}
        return self._transport.send("POST", urls.path("export"), body=body).content

    def export_report(self, run_id: str, format: Literal["markdown", "html"] = "markdown") -> str:
        """Return the report of a run as one self-contained file.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: the format is unknown.
        """
        path = urls.path("export", run_id, "report")
        answer = self._transport.send("GET", path, params=urls.query({"format": format}))
        return answer.content.decode("utf-8")

    def import_archive(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, dry_run: bool = False
    ) -> responses.Imported:
        """Upload an archive (zip, tar or tar.gz) and add its runs and artifacts to the server's store.

        Args:
            path: the archive; streamed, not loaded into memory.
            overwrite: replace existing runs that are not running, and files of projects.
            dry_run: only report what would be done.

        Raises:
            BadRequestError: the archive is damaged, too large, or not an archive of runs; nothing was added.
            OSError: the archive cannot be read.
        """
        fields = {"overwrite": str(overwrite).lower(), "dry_run": str(dry_run).lower()}
        with open(path, "rb") as file:
            answer = self._transport.send(
                "POST", urls.path("import", "archive"), form=Form(file, fields), timeout=IMPORT_SECONDS
            )
        return cast("responses.Imported", answer.json())

    # The server

    def get_config(self) -> responses.Config:
        """Return the storage root and the configuration of the server."""
        return cast("responses.Config", self._transport.json("GET", urls.path("config")))

    def update_config(self, config: Mapping[str, str]) -> responses.Config:
        """Change the configuration and return the new one.

        Args:
            config: `{"user_root_dir": path}`, the only setting that can be changed: an absolute path, or one that
                begins with `~`. Takes effect at once, for the server and for new runs.

        Raises:
            BadRequestError: the path cannot be used.
            ValueError: there is another setting.
        """
        if set(config) != {"user_root_dir"}:
            raise ValueError("update_config takes {'user_root_dir': path} only")
        path = urls.path("config", "user_root_dir")
        self._transport.json("POST", path, body={"path": config["user_root_dir"]})
        return self.get_config()

    def get_gpu_info(self) -> dict[str, Any]:
        """Return the server's GPUs: `{"available": True, "ts", "gpus": […]}` or `{"available": False, "reason"}`."""
        return cast(dict[str, Any], self._transport.json("GET", urls.path("gpu", "telemetry")))

    def health_check(self) -> responses.Health:
        """Return the health of the server; `status` is "ok"."""
        return cast("responses.Health", self._transport.json("GET", urls.path("health")))

    def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        """Return the URL without a token."""
        return f"RunicornClient({urls.without_password(self.base_url)!r})"


def _names(names: str | Sequence[str] | None) -> list[str] | None:
    """Return one name or several as a list."""
    return None if names is None else [names] if isinstance(names, str) else list(names)


def connect(
    base_url: str = DEFAULT_URL, timeout: float = 30, max_retries: int = 3, token: str | None = None
) -> RunicornClient:
    """Return a client of the server at that URL, after checking that it responds.

    Args:
        base_url: URL of the server.
        timeout: seconds to wait for a response.
        max_retries: retries of idempotent requests.
        token: access token, if the server requires one; the token of your own viewer on this machine is found.

    Raises:
        ConnectionError: the server does not respond, or is not a Runicorn server.
        AuthenticationError: a token is required, or this one is invalid.
        ValueError: an argument is invalid.
    """
    client = RunicornClient(base_url, timeout, max_retries, token)
    try:
        health = client.get("/api/health")
        well = isinstance(health, dict) and health.get("status") in {"ok", "healthy"}
        if not well:
            raise ConnectionError(
                f"{urls.without_password(client.base_url)} responds, but is not a Runicorn server"
            )
    except (NotFoundError, ServerError) as error:
        client.close()
        raise ConnectionError(
            f"{urls.without_password(client.base_url)} responds, but is not a Runicorn server: {error}",
            status=error.status,
            payload=error.payload,
        ) from error
    except RunicornAPIError:
        client.close()
        raise
    return client
