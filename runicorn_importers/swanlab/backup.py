"""Read `backup.swanlab`, which SwanLab before 0.10 writes: JSON objects in a log of LevelDB.

Format: swanlab/data/porter of https://github.com/SwanHubX/SwanLab.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn_importers.experiment import Entry, Experiment, Point, number, sizes, text_lines
from runicorn_importers.formats import leveldb_log
from runicorn_importers.swanlab.common import HEAD, config, host, media, open_status, system_point

NAME = "backup.swanlab"


def experiment(file: Path) -> Experiment:
    """Return the run of a file.

    Raises:
        NotReadable: it is damaged, or another file.
        LookupError: it does not name its run.
    """
    heads = {kind: data for kind, data in _records(file) if kind not in ("Scalar", "Media", "Log", "Column")}
    about, project, footer = heads["Experiment"], heads["Project"], heads.get("Footer")
    system = {
        str(data["key"]) for kind, data in _records(file) if kind == "Column" and data.get("cls") == "SYSTEM"
    }
    if footer is None:
        status, reason = open_status(file)
    else:
        status = layout.FINISHED if footer.get("success", True) else layout.FAILED
        reason = ""
    omissions: list[str] = []
    return Experiment(
        origin=f"swanlab:{project['name']}/{about['id']}",
        project=str(project["name"]),
        name=str(about["name"]),
        started=_seconds(heads["Header"]["create_time"]),
        ended=_seconds(footer["create_time"]) if footer else None,
        status=status,
        reason=reason,
        config=config(file),
        tags=[str(tag) for tag in about.get("tags") or []],
        notes=str(about.get("description") or ""),
        host=host(file),
        entries=lambda: _entries(file, system, omissions),
        lines=lambda: _lines(file),
        omissions=omissions,
        fingerprint=sizes([file]),
    )


def _records(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for record in leveldb_log.records(file, HEAD, "SwanLab"):
        document = json.loads(record)
        yield document["model_type"], document["data"]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _entries(file: Path, system: set[str], omissions: list[str]) -> Iterator[Entry]:
    for kind, data in _records(file):
        if kind not in ("Scalar", "Media"):
            continue
        key, step, metric = str(data["key"]), int(data["step"]), data["metric"]
        time = _seconds(metric["create_time"])
        if kind == "Scalar" and key in system:
            yield system_point(key, time, number(metric["data"]))
        elif kind == "Scalar":
            yield Point(step, time, {key: number(metric["data"])})
        elif data["buffers_name"]:
            folder, captions = file.parent / "media" / str(data["kid"]), metric.get("more") or []
            for place, name in enumerate(data["buffers_name"]):
                caption = captions[place] if place < len(captions) else None
                words = str((caption or {}).get("caption") or "")
                if medium := media(folder, key, step, time, name, words):
                    yield medium
                else:
                    omissions.append(f"the file {name!r} of {key!r} is missing.")


def _lines(file: Path) -> Iterator[str]:
    """Yield the terminal output and the logged texts."""
    for kind, data in _records(file):
        if kind == "Log":
            yield str(data["message"])
        elif kind == "Media" and not data["buffers_name"]:
            for words in data["metric"]["data"]:
                yield from text_lines(str(data["key"]), int(data["step"]), str(words))
