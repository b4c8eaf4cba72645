"""Import of offline archives of Comet: `<id>.zip` with `experiment.json` and `messages.json`.

Format: comet_ml/offline.py and comet_ml/messages.py of the package `comet_ml`. Each line is a message; times are in
milliseconds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    Files,
    Media,
    NotReadable,
    Point,
    Series,
    Unreadable,
    as_histogram,
    as_table,
    number,
    sizes,
    tally,
    text_lines,
)
from runicorn_importers.formats.archive import unpacked

ABOUT, MESSAGES = "experiment.json", "messages.json"
NAME, OWN = "Name", ("Name", "offline_experiment", "Created by")
SHOWN = {"visualization": "png", "audio": "wav", "video": "mp4"}
"""Kinds of uploads that a page shows, with the suffix of those without one."""


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the experiments in a folder, or of one archive.

    Raises:
        NotReadable: there is no archive of Comet.
    """
    archives = [path] if path.is_file() else sorted(path.rglob("*.zip"))
    has_archives = False
    for archive in archives:
        try:
            with unpacked(archive) as folder:
                about = layout.read_json(folder / ABOUT)[0]
                if "offline_id" in about and (folder / MESSAGES).is_file():
                    has_archives = True
                    yield _experiment(archive, folder, about)
        except DAMAGED as error:
            has_archives = True
            yield Unreadable(str(archive), str(error))
    if not has_archives:
        raise NotReadable(f"{path} contains no offline archive of Comet.")


def _experiment(archive: Path, folder: Path, about: dict[str, Any]) -> Experiment:
    config: dict[str, Any] = {}
    others: dict[str, Any] = {}
    files: dict[str, Path] = {}
    for kind, payload in _messages(folder):
        if kind == "parameter_msg":
            config[str(payload["param"]["paramName"]).replace("|", ".")] = payload["param"]["paramValue"]
        elif kind == "log_other":
            others[str(payload["key"])] = payload["value"]
        elif kind == "file_upload" and payload.get("upload_type") in ("asset", "model-element"):
            name = str(payload["additional_params"].get("fileName") or payload["file_path"])
            files[name.lstrip("/")] = folder / Path(payload["file_path"]).name
    run_id, omissions = str(about["offline_id"]), list[str]()
    has_failed = bool(about.get("customer_error_reported"))
    name = str(others.get(NAME) or run_id)
    return Experiment(
        origin=f"comet:{run_id}",
        project=str(about.get("project_name") or "comet"),
        name=name,
        started=about["start_time"] / 1000,
        ended=about["stop_time"] / 1000 if about.get("stop_time") else None,
        status=layout.FAILED if has_failed else layout.FINISHED,
        reason=str(about.get("customer_error_message") or "") if has_failed else "",
        config=config,
        summary={key: value for key, value in others.items() if key not in OWN},
        tags=[str(tag) for tag in about.get("tags") or []],
        entries=lambda: _entries(folder, omissions),
        lines=lambda: _lines(folder),
        files=[Files(f"{name}-{run_id[:8]}", "custom", files)] if files else [],
        omissions=omissions,
        check=lambda: _check(folder),
        fingerprint=sizes([archive]),
    )


def _messages(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with regular_file.open_binary(folder / MESSAGES) as lines:
        for line in lines:
            message = json.loads(line)
            yield message["type"], message["payload"]


def _entries(folder: Path, omissions: list[str]) -> Iterator[Entry]:
    for kind, payload in _messages(folder):
        time = payload["local_timestamp"] / 1000 if "local_timestamp" in payload else None
        if kind == "metric_msg":
            metric = payload["metric"]
            name, value = str(metric["metricName"]), number(metric["metricValue"])
            if name.startswith("sys."):
                yield Point(0, time, {f"system/{name[4:]}": value}, "system")
            else:
                yield Point(metric.get("step") or 0, time, {name: value})
        elif kind == "file_upload":
            about, use = payload["additional_params"], str(payload.get("upload_type"))
            file = folder / Path(payload["file_path"]).name
            key = str(about.get("figName") or about.get("fileName") or use)
            step = about.get("step") or 0
            suffix = str(about.get("extension") or SHOWN.get(use, "")).lower().lstrip(".")
            if use in SHOWN and SUFFIX.fullmatch(suffix):
                yield Media(key, step, time, file, suffix)
            elif use == "histogram3d":
                yield _histogram(key, step, time, json.loads(regular_file.read_bytes(file)))
            elif use == "asset" and suffix in ("csv", "tsv"):
                yield _table(key, step, time, file, suffix)
            elif use not in ("asset", "model-element", "text-sample", "source_code"):
                omissions.append(f"{key!r} ({use}) was not imported.")


def _table(key: str, step: int, time: float | None, file: Path, suffix: str) -> Media:
    with regular_file.open_text(file, errors="replace", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t" if suffix == "tsv" else ","))
    return as_table(key, step, time, rows[1:], rows[0] if rows else [])


def _histogram(key: str, step: int, time: float | None, content: dict[str, Any]) -> Media:
    """Return a histogram of exponential bins: 0, and the powers of `step` on both sides of the offset."""
    limits, limit = list[float](), float(content["start"])
    while content["offset"] + limit <= content["stop"]:
        limits.append(limit)
        limit *= content["step"]
    middle = content["offset"]
    edges = [*(middle - limit for limit in reversed(limits)), middle, *(middle + limit for limit in limits)]
    counts = {int(index) - 1: int(count) for index, count in content["index_values"]}
    low, high = min(counts, default=0), max(counts, default=-1)
    # The bins before the first and after the last edge are unbounded.
    buckets = range(max(low, 0), min(high, len(edges) - 2) + 1)
    bounds = [edges[n] for n in buckets] + ([edges[buckets[-1] + 1]] if buckets else [0.0])
    return as_histogram(key, step, time, bounds, [counts.get(n, 0) for n in buckets])


def _lines(folder: Path) -> Iterator[str]:
    """Yield the terminal output and the logged texts."""
    for kind, payload in _messages(folder):
        if kind == "standard_output":
            yield from str(payload["output"]).splitlines()
        elif kind == "file_upload" and payload.get("upload_type") == "text-sample":
            words = regular_file.read_text(folder / Path(payload["file_path"]).name, errors="replace")
            yield from text_lines("text", payload["additional_params"].get("step") or 0, words)


def _check(folder: Path) -> dict[str, Series]:
    """Return the statistics of the lines with metrics, whatever the order of their fields."""
    metrics = (
        json.loads(line)["payload"]["metric"]
        for line in regular_file.read_bytes(folder / MESSAGES).splitlines()
        if b'"metric_msg"' in line
    )
    return tally(
        (
            f"system/{metric['metricName'][4:]}"
            if metric["metricName"].startswith("sys.")
            else metric["metricName"],
            number(metric["metricValue"]),
        )
        for metric in metrics
    )
