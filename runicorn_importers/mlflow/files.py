"""Read MLflow's file store: `mlruns/<experiment>/<run>/{meta.yaml, params, metrics, tags, artifacts}`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.experiment import Experiment, Series, Unreadable, sizes, tally, utc_seconds
from runicorn_importers.mlflow.records import CONTEXT, SOURCE_RUN, Trace, dataset_table, spans_in
from runicorn_importers.mlflow.run import (
    PARENT,
    MlflowRun,
    Model,
    Single,
    artifact_files,
    below,
    elsewhere,
    experiment,
    seconds,
)

META = "meta.yaml"
NUMBERS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
"""Status numbers in the files, from mlflow/protos/service.proto."""
_RUN_ID = re.compile(r"[0-9a-f]{32}")


def folders(path: Path) -> list[Path]:
    """Return the folders in a folder except links; none if it cannot be listed."""
    try:
        return sorted(Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def of_files(store: Path, top: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs of a store of files.

    Args:
        store: the folder of experiments.
        top: the folder that artifacts must be in.
    """
    runs: list[MlflowRun] = []
    for folder in folders(store):
        about = _yaml(folder / META)
        if about is None:
            yield Unreadable(str(folder), f"{folder / META} is damaged.")
        elif about.get("experiment_id") and about.get("lifecycle_stage") != "deleted":
            for result in _runs(folder, str(about.get("name") or folder.name), top):
                if isinstance(result, Unreadable):
                    yield result
                else:
                    runs.append(result)
    names = {run.id: run.name for run in runs}
    parents = {str(run.tags.get(PARENT)) for run in runs}
    for run in runs:
        yield experiment(run, names, parents)


def _runs(folder: Path, project: str, top: Path) -> Iterator[MlflowRun | Unreadable]:
    models = _models(folder, top)
    traces, omissions = _traces(folder / "traces")
    for run in folders(folder):
        meta = _yaml(run / META)
        if meta is None or (not meta and _RUN_ID.fullmatch(run.name)):
            yield Unreadable(f"mlflow:{run.name}", f"{run / META} is missing or damaged.")
        elif meta.get("run_id") and meta.get("lifecycle_stage") != "deleted":
            try:
                mlflow_run = _run(run, meta, project, top, models)
            except OSError as error:
                yield Unreadable(f"mlflow:{run.name}", str(error))
                continue
            mlflow_run.omissions.extend(omissions)
            omissions = []
            own = traces.get(mlflow_run.id, [])
            media = [
                *dataset_table(_datasets(run / "inputs", folder / "datasets"), mlflow_run.started),
                *(trace.media() for trace in own),
            ]
            state = f"{mlflow_run.state}\n{len(own)}" if own else mlflow_run.state
            yield replace(mlflow_run, media=media, state=state)


def _traces(folder: Path) -> tuple[dict[str, list[Trace]], list[str]]:
    """Return the traces of an experiment by run, and messages about those that are not imported."""
    traces: dict[str, list[Trace]] = {}
    omissions = []
    for path in folders(folder):
        run_id = _texts(path / "request_metadata").get(SOURCE_RUN)
        about = _yaml(path / "trace_info.yaml") or {}
        try:
            spans = spans_in(regular_file.read_bytes(path / "artifacts" / "traces.json"))
        except (OSError, ValueError) as error:
            omissions.append(f"the trace {path.name} was not imported: {error}.")
            continue
        if run_id:
            name = _texts(path / "tags").get("mlflow.traceName", "")
            time = seconds(about.get("timestamp_ms")) or utc_seconds(about.get("request_time"))
            traces.setdefault(run_id, []).append(Trace(name, time, spans))
        else:
            omissions.append(f"the trace {path.name} belongs to no run and was not imported.")
    return traces, omissions


def _datasets(inputs: Path, datasets: Path) -> list[dict[str, Any]]:
    """Return the datasets that a run used, with their context."""
    entries = []
    for path in folders(inputs):
        about = _yaml(path / META) or {}
        tags = about.get("tags")
        source = str(about.get("source_id") or "")
        if about.get("source_type") == "DATASET" and source.isalnum():
            context = tags.get(CONTEXT) if isinstance(tags, dict) else None
            entries.append({**(_yaml(datasets / source / META) or {"digest": source}), "context": context})
    return sorted(entries, key=lambda dataset: (str(dataset.get("name")), str(dataset.get("digest"))))


def _yaml(path: Path) -> dict[str, Any] | None:
    """Return the content of a YAML file, `{}` if it is missing, `None` if it is damaged."""
    import yaml

    try:
        value = yaml.safe_load(regular_file.read_bytes(path))
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, UnicodeError):
        return None
    return value if isinstance(value, dict) else None


def _run(run: Path, meta: dict[str, Any], project: str, top: Path, models: list[Model]) -> MlflowRun:
    tags = _texts(run / "tags")
    run_id = str(meta["run_id"])
    inside = [path for _, path in below(run)]
    artifacts = artifact_files(run / "artifacts", top)
    omissions = [] if artifacts else elsewhere(str(meta.get("artifact_uri") or ""), top)
    own = [model for model in models if model.run_id == run_id]
    return MlflowRun(
        id=run_id,
        project=project,
        name=str(meta.get("run_name") or tags.get("mlflow.runName") or run_id),
        status=NUMBERS.get(str(meta.get("status")), str(meta.get("status"))),
        started=seconds(meta.get("start_time")),
        ended=seconds(meta.get("end_time")),
        changed=max((path.stat().st_mtime for path in inside), default=None),
        params=_texts(run / "params"),
        tags=tags,
        metrics=lambda: _metrics(run / "metrics"),
        check=lambda: _check(run / "metrics"),
        artifacts=artifacts,
        state=f"{meta}\n{sizes(inside)}\n{sizes(path for model in own for path in model.paths.values())}",
        models=own,
        omissions=omissions,
    )


def _models(folder: Path, top: Path) -> list[Model]:
    """Return the logged models of an experiment, which are stored beside the runs since MLflow 3."""
    models = []
    for model in folders(folder / "models"):
        meta = _yaml(model / META) or {}
        if meta.get("model_id") and meta.get("lifecycle_stage") != "deleted":
            run_id, name = str(meta.get("source_run_id") or ""), str(meta.get("name") or model.name)
            models.append(
                Model(str(meta["model_id"]), name, run_id, artifact_files(model / "artifacts", top))
            )
    return models


def _texts(folder: Path) -> dict[str, str]:
    """Return the content of the files below a folder by relative path."""
    return {key: regular_file.read_text(path, errors="replace") for key, path in below(folder)}


def _metrics(folder: Path) -> Iterator[Single]:
    """Yield the lines `milliseconds value step` of each metric."""
    for name, path in below(folder):
        with regular_file.open_text(path, errors="replace") as lines:
            for line in lines:
                parts = line.split()
                if len(parts) < 2:
                    continue
                try:
                    yield int(parts[2]) if len(parts) > 2 else 0, int(parts[0]) / 1000, name, float(parts[1])
                except (ValueError, OverflowError):
                    continue


def _check(folder: Path) -> dict[str, Series]:
    """Return the statistics of each file of a metric, read as a whole."""
    series_by_name: dict[str, Series] = {}
    for name, path in below(folder):
        rows = [
            line.split(b" ") for line in regular_file.read_bytes(path).split(b"\n") if line.count(b" ") > 0
        ]
        # A point that was logged again with a model is imported once.
        rows = [list(row) for row in dict.fromkeys(tuple(row[:3]) for row in rows)]
        rows.sort(key=lambda row: (int(row[2]) if len(row) > 2 else 0, int(row[0])))
        series_by_name |= tally((name, float(row[1])) for row in rows)
    return series_by_name
