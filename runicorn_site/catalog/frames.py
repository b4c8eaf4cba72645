"""`rn.runs`, `rn.open_run` and `Run.frame`: stored runs as data frames, without a viewer."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from runicorn.json_value import JsonObject
from runicorn.settings import user
from runicorn_site.catalog.entry import TIMES, TIMES_OF_POINTS, RunEntry, with_times

Kind = Literal["pandas", "polars", "arrow", "records"]
KINDS = ("pandas", "polars", "arrow", "records")
ERRORS: dict[str, type[Exception]] = {
    "LookupError": LookupError,
    "ValueError": ValueError,
    "OSError": OSError,
}


def runs(
    where: str | None = None,
    storage: str | Path | None = None,
    *,
    project: str | None = None,
    order_by: str = "",
    limit: int | None = None,
    as_: Kind = "pandas",
) -> Any:
    """Return a frame with a row for each run of a store, the newest first, read from its files.

    Columns are `id`, `project`, `name`, `state`, times in UTC, `duration` in seconds and further fields,
    `config.<key>`, `summary.<key>`, and `metric.<name>.last` and `.best` of each metric, NaN and infinities included.
    A column with values of several types has texts.

    Args:
        where: condition, as in the API: `"config.lr < 0.05 and metric.acc.best > 0.9"`; None for all runs.
        storage: the storage root; by default the one that `init` would use.
        project: only runs of a project.
        order_by: a column, greatest first.
        limit: maximum number of rows.
        as_: "pandas", "polars", "arrow" (a `pyarrow.Table`) or "records" (a list of dicts, without a library).

    Raises:
        ImportError: the library of the frame is not installed.
        FileNotFoundError: there is no storage root.
        ValueError: the condition is malformed, or `as_` is unknown.
    """
    _check(as_)
    query = {"where": where or "", "project": project, "order": order_by, "limit": limit}
    columns = _ask({"question": "runs", "storage": _root(storage), "query": query})
    return _framed(with_times(columns, TIMES), as_)


class StoredRun:
    """A run of a store: its facts as attributes of `entry`, and its points.

    Attributes:
        entry: id, project, name, state, config, summary, metrics and the other facts of the run when it was opened.
        folder: its folder.
    """

    def __init__(self, root: Path, entry: RunEntry) -> None:
        self.entry = entry
        self.folder = root / entry.folder

    def __repr__(self) -> str:
        return f"<StoredRun {self.entry.id} {self.entry.project}/{self.entry.name}, {self.entry.state}>"

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.entry.id

    def page(self, others: Sequence[str] = ()) -> str:
        """Return an interactive HTML page of the run, or of it and other runs by their ids, that needs no server."""
        root = self.folder.parents[len(Path(self.entry.folder).parts) - 1]
        request = {"storage": str(root), "runs": [self.id, *others]}
        answer: str = _ask(request, "runicorn_site.page_file.child")
        return answer

    def _repr_html_(self) -> str:
        from runicorn.cells.view import RunsView

        root = self.folder.parents[len(Path(self.entry.folder).parts) - 1]
        return RunsView(root, [self.folder])._repr_html_()

    @property
    def config(self) -> JsonObject:
        """The config of the run."""
        return self.entry.config

    @property
    def summary(self) -> JsonObject:
        """The summary of the run."""
        return self.entry.summary

    def frame(self, metrics: str | Sequence[str] | None = None, as_: Kind = "pandas") -> Any:
        """Return the points of the run; see `frame_of_folder`."""
        return frame_of_folder(self.folder, metrics, as_)


def open_run(run: str, storage: str | Path | None = None) -> StoredRun:
    """Return a run of a store.

    Args:
        run: an id, its unique beginning, a unique name, `latest` or `best:METRIC`.
        storage: the storage root; by default the one that `init` would use.

    Raises:
        FileNotFoundError: there is no storage root.
        LookupError: no run, or more than one, has the name.
    """
    root = _root(storage)
    return StoredRun(Path(root), _ask({"question": "run", "storage": root, "run": run}))


def frame_of_folder(
    folder: str | Path, metrics: str | Sequence[str] | None = None, as_: Kind = "pandas"
) -> Any:
    """Return a frame with a row for each step of a run: `step`, `time` (UTC), and a column for each metric.

    Args:
        folder: the folder of the run.
        metrics: one or more metrics; None for all that were logged. `system/…` are returned if they are named, with
            the number of their record as step.
        as_: "pandas", "polars" or "arrow" (a `pyarrow.Table`).

    Raises:
        ImportError: the library of the frame is not installed.
        OSError: the journal cannot be read.
        ValueError: `as_` is unknown.
    """
    _check(as_)
    names = [metrics] if isinstance(metrics, str) else metrics
    request = {
        "question": "points",
        "folder": os.fspath(folder),
        "metrics": None if names is None else list(names),
    }
    return _framed(with_times(_ask(request), TIMES_OF_POINTS), as_)


def _root(storage: str | Path | None) -> str:
    root = user.storage_root(None if storage is None else Path(storage))
    if not root.is_dir():
        raise FileNotFoundError(f"There is no storage root at {root}")
    return str(root)


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"as_ is one of {', '.join(KINDS)}, not {kind!r}")


def _ask(request: Mapping[str, Any], module: str = "runicorn_site.catalog.child") -> Any:
    """Return the answer of a process that reads the store."""
    process = subprocess.run(
        [sys.executable, "-P", "-m", module],
        input=json.dumps(request).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "RUNICORN_COMPANION": "off"},
        check=True,
    )
    kind, value = pickle.loads(process.stdout)
    if kind is not None:
        raise ERRORS[kind](value)
    return value


def _framed(columns: dict[str, list[Any]], kind: Kind) -> Any:
    if kind == "records":
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    library = "pyarrow" if kind == "arrow" else kind
    try:
        module: Any = importlib.import_module(library)
    except ImportError as error:
        raise ImportError(
            f"Frames need {library}: python -m pip install {library}, or ask for as_='records'"
        ) from error
    if kind == "pandas":
        return module.DataFrame(columns)
    return module.table(columns) if kind == "arrow" else module.DataFrame(columns, strict=False)
