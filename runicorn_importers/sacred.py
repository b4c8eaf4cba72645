"""Import of Sacred: the folders of a `FileStorageObserver`, `<id>/{run.json, config.json, metrics.json, cout.txt}`.

Format: sacred/observers/file_storage.py of https://github.com/IDSIA/sacred. Times are in UTC without a zone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.store import layout
from runicorn_importers.experiment import (
    DAMAGED,
    Experiment,
    Files,
    NotReadable,
    Series,
    Unreadable,
    by_step,
    open_ended,
    sizes,
    utc_seconds,
)

RUN, METRICS, CONSOLE = "run.json", "metrics.json", "cout.txt"
STATUS = {"COMPLETED": layout.FINISHED, "FAILED": layout.FAILED, "TIMEOUT": layout.FAILED}
UNFINISHED = ("RUNNING", "QUEUED")
CEILING = 1 << 30
"""Largest `metrics.json` in bytes: it is one JSON document."""


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs below a folder.

    Raises:
        NotReadable: there is no folder of Sacred.
    """
    folders = sorted(file.parent for file in path.rglob(RUN)) if path.is_dir() else []
    if not folders:
        raise NotReadable(f"{path} contains no {RUN} of Sacred's FileStorageObserver.")
    for folder in folders:
        about, problem = layout.read_json(folder / RUN)
        if problem or "start_time" not in about:
            yield Unreadable(str(folder), f"{folder / RUN} is damaged, or not a file of Sacred.")
            continue
        try:
            yield _experiment(folder, about)
        except DAMAGED as error:
            yield Unreadable(str(folder), f"{folder / RUN} is damaged: {error}")


def _experiment(folder: Path, about: dict[str, Any]) -> Experiment:
    started, status = about["start_time"], str(about.get("status"))
    trace = about.get("fail_trace") or []
    reason = str(trace[-1]).strip() if trace else ""
    if status in UNFINISHED:
        state, reason = open_ended(utc_seconds(about.get("heartbeat")), f"sacred: {status}")
    else:
        state = STATUS.get(status, layout.INTERRUPTED)
    paths = {name: folder / name for name in map(str, about.get("artifacts", [])) if _is_inside(folder, name)}
    experiment, options = about.get("experiment", {}), about.get("meta", {}).get("options", {})
    name = f"{about.get('command') or 'run'}-{folder.name}"
    info = layout.read_json(folder / "info.json")[0]
    result = about.get("result")
    return Experiment(
        origin=f"sacred:{folder.name}/{started}",
        project=str(experiment.get("name") or "sacred"),
        name=name,
        started=utc_seconds(started),
        ended=utc_seconds(about.get("stop_time")),
        status=state,
        reason=reason,
        config=layout.read_json(folder / "config.json")[0],
        summary={**({} if result is None else {"result": result}), **info},
        notes=str(options.get("--comment") or ""),
        host=str(about.get("host", {}).get("hostname") or ""),
        entries=lambda: by_step(_values(folder)),
        lines=lambda: _lines(folder / CONSOLE),
        files=[Files(f"{name}-{started[:10]}", "custom", paths)] if paths else [],
        check=lambda: _check(folder),
        fingerprint=f"{status} {about.get('stop_time')} {sizes(sorted(folder.iterdir()))}",
    )


def _is_inside(folder: Path, name: str) -> bool:
    path = folder / name
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _metrics(folder: Path) -> dict[str, Any]:
    metrics, problem = layout.read_json(folder / METRICS, ceiling=CEILING)
    if problem:
        raise NotReadable(f"{folder / METRICS}: {problem}")
    return metrics


def _values(folder: Path) -> Iterator[tuple[int, float | None, str, Any]]:
    for name, metric in _metrics(folder).items():
        for step, moment, value in zip(metric["steps"], metric["timestamps"], metric["values"], strict=True):
            yield int(step), utc_seconds(moment), name, _number(value)


def _number(value: Any) -> Any:
    """Return a value that may be a scalar of numpy, which Sacred writes as an object."""
    return value.get("value") if isinstance(value, dict) else value


def _check(folder: Path) -> dict[str, Series]:
    """Return the statistics of the lists in the file."""
    series_by_name: dict[str, Series] = {}
    for name, metric in _metrics(folder).items():
        numbers = [value for value in map(_number, metric["values"]) if isinstance(value, int | float)]
        finite = [value for value in numbers if math.isfinite(value)]
        if numbers:
            last = max(range(len(numbers)), key=lambda n: (metric["steps"][n], metric["timestamps"][n], n))
            series_by_name[name] = Series(
                len(numbers), min(finite, default=None), max(finite, default=None), numbers[last]
            )
    return series_by_name


def _lines(file: Path) -> Iterator[str]:
    if file.is_file() and not file.is_symlink():
        with regular_file.open_text(file, errors="replace") as log:
            yield from log
