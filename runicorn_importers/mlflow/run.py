"""Convert one run of MLflow, from files or rows, to an experiment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from runicorn.store import layout
from runicorn.store.parameter_text import parse_parameter
from runicorn_importers.experiment import (
    Entry,
    Experiment,
    Files,
    Media,
    Series,
    by_step,
    open_ended,
)

STATUS = {"FINISHED": layout.FINISHED, "FAILED": layout.FAILED}
UNFINISHED = ("RUNNING", "SCHEDULED")
OWN_TAGS = "mlflow."
NOTE = "mlflow.note.content"
PARENT = "mlflow.parentRunId"

Single = tuple[int, float | None, str, Any]
"""Step, Unix seconds, name and value of a metric."""


class Model(NamedTuple):
    """A logged model of MLflow 3, stored beside the runs.

    Attributes:
        id: `m-…`.
        run_id: id of the run that logged it.
        paths: its files on this machine.
    """

    id: str
    name: str
    run_id: str
    paths: dict[str, Path]


@dataclass(frozen=True)
class MlflowRun:
    """A run as recorded by MLflow; times in Unix seconds."""

    id: str
    project: str
    name: str
    status: str
    started: float | None
    ended: float | None
    changed: float | None
    params: Mapping[str, Any]
    tags: Mapping[str, Any]
    metrics: Callable[[], Iterable[Single]]
    check: Callable[[], Mapping[str, Series]]
    artifacts: dict[str, Path]
    state: str
    models: list[Model] = field(default_factory=list)
    media: Sequence[Media] = ()
    omissions: list[str] = field(default_factory=list)


def experiment(run: MlflowRun, names: Mapping[str, str], parents: set[str]) -> Experiment:
    """Return a run as an experiment.

    Args:
        names: names of the runs of the store, by id.
        parents: ids of runs with nested runs, which share a group with them.
    """
    if run.status in UNFINISHED:
        status, reason = open_ended(run.changed, f"mlflow: {run.status}")
    else:
        status = STATUS.get(run.status, layout.INTERRUPTED)
        reason = "" if run.status in STATUS else f"mlflow: {run.status}"
    parent = str(run.tags.get(PARENT) or "")
    family = parent or (run.id if run.id in parents else "")
    files = [Files(f"{run.name}-{run.id[:8]}", "custom", run.artifacts)] if run.artifacts else []
    for model in run.models:
        if model.paths:
            files.append(Files(f"{model.name}-{model.id[2:10]}", "model", model.paths))
        else:
            run.omissions.append(f"the files of the model {model.name!r} are outside of the imported folder.")
    if "mlflow.log-model.history" in run.tags and not run.artifacts and not run.models:
        run.omissions.append("its models lie elsewhere.")

    def entries() -> list[Entry]:
        # MLflow logs the metrics of a run once more when it logs a model; its database has such a point once.
        points = {(step, time, name, repr(value)): value for step, time, name, value in run.metrics()}
        return [*run.media, *by_step((*key[:3], value) for key, value in points.items())]

    return Experiment(
        origin=f"mlflow:{run.id}",
        project=run.project,
        name=run.name,
        started=run.started,
        ended=run.ended,
        status=status,
        reason=reason,
        config={key: parse_parameter(str(value)) for key, value in run.params.items()},
        tags=[f"{key}={value}" for key, value in sorted(run.tags.items()) if not key.startswith(OWN_TAGS)],
        notes=str(run.tags.get(NOTE) or ""),
        group=f"{names.get(family, 'run')}-{family[:8]}" if family else "",
        host=str(run.tags.get("mlflow.host") or ""),
        entries=entries,
        files=files,
        omissions=run.omissions,
        fingerprint=run.state,
        check=run.check,
        parent=f"mlflow:{parent}" if parent else "",
    )


def seconds(milliseconds: Any) -> float | None:
    """Convert a time of MLflow to Unix seconds; None if missing."""
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None


def below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder with their relative paths, except links."""
    for where, _, files in os.walk(folder):
        for name in sorted(files):
            path = Path(where, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def local(uri: str | None) -> Path | None:
    parts = urlsplit(uri or "")
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(uri) if uri and not parts.scheme else None


def artifact_files(folder: Path | None, top: Path) -> dict[str, Path]:
    """Return the files in a folder of artifacts if it is below `top`, since the store is not trusted."""
    if folder is None or not folder.resolve().is_relative_to(top.resolve()):
        return {}
    return dict(below(folder))


def elsewhere(uri: str | None, top: Path) -> list[str]:
    """Return the message about artifacts that are not imported because they are outside of `top`."""
    folder = local(uri)
    if not uri or (
        folder and (artifact_files(folder, top) or not folder.is_dir() or not any(folder.iterdir()))
    ):
        return []
    return [f"its artifacts at {uri} are outside of the imported folder and were not imported."]
