"""The client of a viewer: its runs, their metrics, its configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, cast

from runicorn.api import paging, responses, urls
from runicorn.api.artifacts import ArtifactsAPI
from runicorn.api.errors import ConnectionError, NotFoundError, RunicornAPIError, ServerError
from runicorn.api.remote import RemoteAPI
from runicorn.api.transport import Form, Transport

if TYPE_CHECKING:
    import requests

DEFAULT_URL = "http://127.0.0.1:23300"
IMPORT_SECONDS = 3600.0
"""A large archive is unpacked and read as a whole before its answer."""


class RunicornClient:
    """A connection to a viewer. Nothing is sent before the first question.

    Threads may share a client: each gets an HTTP session of its own. `close` ends all of them.

    Args:
        base_url: the viewer's address; a path before `/api` (behind a proxy) is kept.
        timeout: seconds to wait for a connection, and then for each piece of an answer.
        max_retries: further attempts of a GET, PUT or DELETE after a connection error or 429, 502, 503 and 504;
            a `Retry-After` of up to 60 seconds is waited out. A POST is never sent twice.
        token: the token that the viewer asks for, if it does; that of your own viewer on this machine is found.

    Raises:
        ValueError: an argument makes no sense.
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
        """The viewer's address."""
        return self._transport.base_url

    @property
    def session(self) -> requests.Session:
        """The HTTP session of this thread."""
        return self._transport.session()

    @property
    def timeout(self) -> float:
        """Seconds that are waited for an answer."""
        return self._transport.timeout

    @cached_property
    def artifacts(self) -> ArtifactsAPI:
        """Artifacts and their versions."""
        return ArtifactsAPI(self._transport)

    @cached_property
    def remote(self) -> RemoteAPI:
        """Viewers on other machines."""
        return RemoteAPI(self._transport)

    # Any route

    def get(self, endpoint: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of `GET endpoint`; the endpoint is like `/api/runs`, and its parts are quoted already."""
        return self._transport.json("GET", urls.rooted(endpoint), params=urls.query(params or {}))

    def post(self, endpoint: str, json: Any = None) -> Any:
        """The JSON that `POST endpoint` answers; never sent twice."""
        return self._transport.json("POST", urls.rooted(endpoint), body=json)

    def put(self, endpoint: str, json: Any = None) -> Any:
        """The JSON that `PUT endpoint` answers."""
        return self._transport.json("PUT", urls.rooted(endpoint), body=json)

    def delete(self, endpoint: str, json: Any = None) -> Any:
        """The JSON that `DELETE endpoint` answers."""
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
        """The runs that match, newest first unless `order_by` says otherwise.

        Args:
            project: the project's name.
            name: the experiment's name.
            status: one status or several.
            limit: at most so many; without it all of them.
            offset: leave out so many first.
            filters: `tags` (all of them), `search`, `created_after`, `created_before`, `best_metric_min`,
                `best_metric_max`, `include_deleted`, `order_by`, `order_desc`, `where`.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`.
            TypeError: there is no such filter.
            ValueError: `limit` or `offset` is negative.
        """
        if (limit or 0) < 0 or (offset or 0) < 0:
            raise ValueError("limit and offset must not be negative")
        asked = paging.question(project, name, status, filters)
        size = paging.MOST if limit is None else max(1, min(limit, paging.MOST))
        found = paging.experiments(self._transport, asked, size, offset or 0)
        return list(islice(found, limit))

    def iter_experiments(
        self,
        project: str | None = None,
        name: str | None = None,
        status: str | Sequence[str] | None = None,
        *,
        page_size: int = 200,
        **filters: Unpack[responses.Filters],
    ) -> Iterator[responses.Experiment]:
        """The runs that match, fetched page by page as they are used. Takes the filters of `list_experiments`.

        Runs that arrive meanwhile are not answered twice; a run that is deleted meanwhile may hide another.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`; while iterating.
            TypeError: there is no such filter.
            ValueError: `page_size` is not 1 to 1,000.
        """
        if not 1 <= page_size <= paging.MOST:
            raise ValueError(f"page_size must be 1 to {paging.MOST}, not {page_size}")
        asked = paging.question(project, name, status, filters)
        return paging.experiments(self._transport, asked, page_size)

    def get_experiment(self, run_id: str) -> responses.ExperimentDetail:
        """Everything about a run.

        Raises:
            NotFoundError: there is no such run, or it is in the recycle bin.
            BadRequestError: that is no run id.
        """
        run = self._transport.json("GET", urls.path("runs", run_id))
        # Only runs that are not deleted are answered here.
        return cast(responses.ExperimentDetail, {"deleted_at": None, **run})

    get_run = get_experiment

    def list_projects(self) -> list[responses.Project]:
        """The projects by name, with the number of their experiments and runs."""
        answer = self._transport.json("GET", urls.path("projects"))
        return cast(list[responses.Project], answer["details"])

    # Metrics

    def get_metrics(
        self, run_id: str, metric_names: str | Sequence[str] | None = None, limit: int | None = None
    ) -> responses.Metrics:
        """The points of a run's metrics: `{"metrics": {name: [{"step", "value", "timestamp"}, …]}}`, by step.

        Of values logged twice at a step the later one counts. Metrics without a point are left out, and so are NaN
        and infinities, which rows have no number for: `get_series` names them.

        Args:
            run_id: the run.
            metric_names: only these, or this one; without it all.
            limit: at most so many steps (2 to 50,000), chosen so that the first and the last and the highest and
                the lowest value of every metric are among them.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: that is no run id, or `limit` is out of range.
        """
        names = _names(metric_names)
        if names == []:
            return {"metrics": {}}
        asked = urls.query({"metric_names": names, "downsample": limit})
        path = urls.path("v2", "experiments", run_id, "metrics", "fast")
        answer = self._transport.json("GET", path, params=asked)
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
        """The curves of a run in columns, as charts draw them: each sampled separately with its extremes kept.

        Args:
            run_id: the run.
            names: only these metrics, or this one; without it all.
            points: at most so many of each (4 to 50,000).
            x: "step", or "time" in Unix seconds, where values logged twice at a step are all there.
            step_range: first and last step, both included; `None` is open.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: an argument is out of range.
        """
        low, high = step_range or (None, None)
        span = None if step_range is None else f"{'' if low is None else low}:{'' if high is None else high}"
        asked = {"names": _names(names), "points": points, "x": x, "step_range": span}
        path = urls.path("v2", "experiments", run_id, "series")
        answer = self._transport.json("GET", path, params=urls.query(asked))
        return cast(responses.SeriesAnswer, answer)

    # Exchange

    def export_experiment(
        self, run_id: str, format: Literal["json", "csv"] = "json", include_media: bool = False
    ) -> bytes:
        """A run as the bytes of a file: everything in one JSON document, or its metrics as CSV.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: there is no such format, or CSV was to hold media.
        """
        body = {"run_id": run_id, "format": format, "include_media": include_media}
        return self._transport.send("POST", urls.path("export"), body=body).content

    def export_report(self, run_id: str, format: Literal["markdown", "html"] = "markdown") -> str:
        """A report of a run, as one file that loads nothing.

        Raises:
            NotFoundError: there is no such run.
            BadRequestError: there is no such format.
        """
        path = urls.path("export", run_id, "report")
        answer = self._transport.send("GET", path, params=urls.query({"format": format}))
        return answer.content.decode("utf-8")

    def import_archive(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, dry_run: bool = False
    ) -> responses.Imported:
        """Send an archive (zip, tar or tar.gz) whose runs and artifacts are added to the viewer's store.

        Args:
            path: the file; it is sent as it is read.
            overwrite: runs that are there give way, unless they are running.
            dry_run: only tell what would happen.

        Raises:
            BadRequestError: the archive is damaged, too large, or no archive of a store; nothing was added.
            OSError: it cannot be read.
        """
        fields = {"overwrite": str(overwrite).lower(), "dry_run": str(dry_run).lower()}
        with open(path, "rb") as file:
            answer = self._transport.send(
                "POST", urls.path("import", "archive"), form=Form(file, fields), timeout=IMPORT_SECONDS
            )
        return cast(responses.Imported, answer.json())

    # The viewer

    def get_config(self) -> responses.Config:
        """Where the viewer keeps runs and configuration."""
        return cast(responses.Config, self._transport.json("GET", urls.path("config")))

    def update_config(self, config: Mapping[str, str]) -> responses.Config:
        """Change the configuration and return it as it is then.

        Args:
            config: `{"user_root_dir": path}`, the only setting that can be changed: an absolute path, or one that
                begins with `~`. It holds for the viewer and for new runs at once.

        Raises:
            BadRequestError: the path cannot be used.
            ValueError: another setting is named.
        """
        if set(config) != {"user_root_dir"}:
            raise ValueError("update_config takes {'user_root_dir': path} and nothing else")
        path = urls.path("config", "user_root_dir")
        self._transport.json("POST", path, body={"path": config["user_root_dir"]})
        return self.get_config()

    def get_gpu_info(self) -> dict[str, Any]:
        """The GPUs of the server: `{"available": True, "ts", "gpus": […]}` or `{"available": False, "reason"}`."""
        return cast(dict[str, Any], self._transport.json("GET", urls.path("gpu", "telemetry")))

    def health_check(self) -> responses.Health:
        """That the viewer is well; `status` is "ok"."""
        return cast(responses.Health, self._transport.json("GET", urls.path("health")))

    def close(self) -> None:
        """End all connections. The client cannot be used afterwards."""
        self._transport.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def __repr__(self) -> str:
        """The address, and never the token."""
        return f"RunicornClient({urls.shown(self.base_url)!r})"


def _names(asked: str | Sequence[str] | None) -> list[str] | None:
    """The names as a list: a text is one name, not its letters."""
    return None if asked is None else [asked] if isinstance(asked, str) else list(asked)


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
            raise ConnectionError(f"{urls.shown(client.base_url)} answers, but not as a Runicorn viewer")
    except (NotFoundError, ServerError) as error:
        client.close()
        raise ConnectionError(
            f"{urls.shown(client.base_url)} answers, but not as a Runicorn viewer: {error}",
            status=error.status,
            payload=error.payload,
        ) from error
    except RunicornAPIError:
        client.close()
        raise
    return client
