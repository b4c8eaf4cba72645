"""Import of offline sessions of ClearML: `offline-<id>.zip`, or the folder with `task.json` and `metrics.jsonl`.

Format: clearml/backend_interface/metrics/reporter.py and clearml/task.py of https://github.com/allegroai/clearml. Each line
of `metrics.jsonl` and `log.jsonl` is a list of events; times are in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn.store.parameter_text import parse_parameter
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    Files,
    Media,
    NotReadable,
    Point,
    Series,
    Tally,
    Unreadable,
    as_table,
    open_ended,
    sizes,
)
from runicorn_importers.formats.archive import unpacked

TASK, METRICS, LOG = "task.json", "metrics.jsonl", "log.jsonl"
MONITOR = ":monitor:"
NO_STEP = -(2**31)
"""Step of `report_single_value`."""
TYPES = {"int", "float", "bool"}


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the sessions in a folder, or of one archive.

    Raises:
        NotReadable: there is no offline session.
    """
    if path.is_file():
        sessions = [path]
    else:
        sessions = sorted([*path.rglob("*.zip"), *(file.parent for file in path.rglob(TASK))])
    has_sessions = False
    chosen = _largest_by_task(sessions) if len(sessions) > 1 else {}
    for session in sessions:
        try:
            with unpacked(session) as folder:
                task = layout.read_json(folder / TASK)[0]
                if "id" in task and chosen.get(task["id"], session) == session:
                    has_sessions = True
                    yield _experiment(session, folder, task)
        except DAMAGED as error:
            if session.is_dir() or session.name.startswith("offline-"):
                has_sessions = True
                yield Unreadable(str(session), str(error))
    if not has_sessions:
        raise NotReadable(f"{path} contains no offline session of ClearML.")


def _largest_by_task(sessions: list[Path]) -> dict[Any, Path]:
    """Return the session with the most records of each task, which may be there as an archive and as its folder."""
    chosen: dict[Any, tuple[tuple[int, bool], Path]] = {}
    for session in sessions:
        with suppress(*DAMAGED), unpacked(session) as folder:
            files = [folder / name for name in (METRICS, LOG) if (folder / name).is_file()]
            size = sum(file.stat().st_size for file in files), session.is_file()
            task_id = layout.read_json(folder / TASK)[0].get("id")
            if task_id not in chosen or size > chosen[task_id][0]:
                chosen[task_id] = (size, session)
    return {task_id: session for task_id, (_, session) in chosen.items()}


def _experiment(session: Path, folder: Path, task: dict[str, Any]) -> Experiment:
    first = next(_events(folder / LOG), None) or next(_events(folder / METRICS), None)
    status = layout.FINISHED
    if session.is_dir():  # a session that ended is an archive
        latest = max(file.stat().st_mtime for file in folder.iterdir())
        status, _ = open_ended(latest)
    omissions: list[str] = []
    summary = {
        event["variant"]: event["value"]
        for event in _events(folder / METRICS)
        if event.get("iter") == NO_STEP and "value" in event
    }
    return Experiment(
        origin=f"clearml:{task['id']}",
        project=str(task.get("project_name") or "clearml"),
        name=str(task.get("name") or task["id"]),
        started=first["timestamp"] / 1000 if first else None,
        status=status,
        config=_config(task),
        summary=summary,
        tags=[str(tag) for tag in task.get("tags", [])],
        notes=str(task.get("comment") or ""),
        entries=lambda: _entries(folder, omissions),
        lines=lambda: (
            line for event in _events(folder / LOG) for line in str(event.get("msg", "")).splitlines()
        ),
        files=_artifacts(folder, task, omissions),
        omissions=omissions,
        check=lambda: _check(folder),
        fingerprint=sizes([folder / TASK, folder / METRICS, folder / LOG]),
    )


def _config(task: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters; those of the section `General`, which ClearML adds, without it."""
    config: dict[str, Any] = {}
    for section, entries in task.get("hyperparams", {}).items():
        for name, entry in entries.items():
            key = name if section == "General" else f"{section}/{name}"
            value = str(entry.get("value", ""))
            config[key.replace("/", ".")] = parse_parameter(value) if entry.get("type") in TYPES else value
    for name, entry in task.get("configuration", {}).items():
        config[f"configuration.{name}"] = entry.get("value")
    return config


def _events(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a file; an incomplete last line is skipped."""
    if not file.is_file():
        return
    with regular_file.open_binary(file) as lines:
        for line in lines:
            if not line.endswith(b"\n") and not line.rstrip().endswith(b"]"):
                return
            events = json.loads(line)
            yield from events if isinstance(events, list) else [events]


def _entries(folder: Path, omissions: list[str]) -> Iterator[Entry]:
    for event in _events(folder / METRICS):
        kind, metric, variant = event.get("type"), str(event.get("metric")), str(event.get("variant"))
        step, time = int(event.get("iter", 0)), event["timestamp"] / 1000
        name = f"{metric}/{variant}"
        if kind == "training_stats_scalar":
            if metric.startswith(MONITOR):
                yield Point(0, time, {f"system/{variant}": event["value"]}, "system")
            elif step != NO_STEP:
                yield Point(step, time, {name: event["value"]})
        elif kind == "training_debug_image" and (file := _stored(folder, str(event.get("key") or ""))):
            suffix = file.suffix.lower().lstrip(".")
            yield Media(name, step, time, file, suffix if SUFFIX.fullmatch(suffix) else "png")
        elif kind == "plot":
            yield _plot(name, step, time, event["plot_str"])
        else:
            omissions.append(f"{name!r} ({kind}) was not imported.")


def _plot(name: str, step: int, time: float, text: str) -> Media:
    """Return a table as a table, and any other Plotly chart as its file."""
    charts = json.loads(text).get("data", [])
    if len(charts) == 1 and charts[0].get("type") == "table":
        columns = charts[0].get("header", {}).get("values", [])
        cells = charts[0].get("cells", {}).get("values", [])
        return as_table(name, step, time, [list(row) for row in zip(*cells, strict=False)], columns)
    return Media(name, step, time, text.encode("utf-8", "replace"), "plotly.json")


def _stored(folder: Path, key: str) -> Path | None:
    data = (folder / "data").resolve()
    path = (data / key).resolve()
    return path if path.is_relative_to(data) and path.is_file() else None


def _artifacts(folder: Path, task: dict[str, Any], omissions: list[str]) -> list[Files]:
    paths: dict[str, Path] = {}
    for artifact in task.get("execution", {}).get("artifacts", []):
        file = _stored(folder, str(artifact.get("uri") or "").rpartition("/data/")[2])
        if file is None:
            omissions.append(
                f"the artifact {artifact.get('key')!r} is not in the session and was not imported."
            )
        else:
            paths[f"{artifact['key']}/{file.name}"] = file
    return [Files(f"{task['name']}-{str(task['id'])[-8:]}", "custom", paths)] if paths else []


def _check(folder: Path) -> dict[str, Series]:
    """Return the statistics of the numbers, from the whole lists of the file."""
    tally = Tally()
    for line in (
        regular_file.read_bytes(folder / METRICS).splitlines() if (folder / METRICS).is_file() else ()
    ):
        for event in json.loads(line):
            if "value" in event and event["iter"] > NO_STEP:
                prefix = "system" if event["metric"].startswith(MONITOR) else event["metric"]
                tally.add(f"{prefix}/{event['variant']}", event["value"])
    return tally.series()
