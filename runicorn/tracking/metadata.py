"""Content of `meta.json`: names of a run, and the identity of its process."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from runicorn import _platform
from runicorn._version import __version__
from runicorn.store import layout
from runicorn.store.process_identity import ProcessRecord, host_identity, is_alive
from runicorn.store.state import scheduler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class NamedRun(Protocol):
        """The attributes of a run in `meta.json`."""

        id: str
        path: str | None
        project: str
        name: str
        storage_root: Path
        process: int


def meta(run: NamedRun, before: dict[str, Any], labels: dict[str, Any], resumed: bool) -> dict[str, Any]:
    """Return the content of `meta.json`.

    Args:
        run: the run that begins.
        before: previous content, if the run is resumed.
        labels: given values of `tags`, `notes` and `group`.
        resumed: whether the run is resumed.
    """
    previous = {key: value for key, value in before.items() if key != scheduler.JOB}
    content = {**_run(run), **previous, **_process(run), **labels}
    if layout.is_run_id(parent := os.environ.get("RUNICORN_PARENT")) and parent != run.id:
        content.setdefault("parent", parent)
    if job := scheduler.job_of(os.environ):
        content[scheduler.JOB] = job
    if resumed:
        content["tags"] = list(dict.fromkeys(_texts(before.get("tags")) + labels.get("tags", [])))
        content["resumed_at"] = [*_list(before.get("resumed_at")), time.time()]
    return content


def _run(run: NamedRun) -> dict[str, Any]:
    names = {"id": run.id, "project": run.project, "name": run.name, "created_at": time.time()}
    path = {} if run.path is None else {"path": run.path}
    return {**names, **path, "tags": [], "notes": "", "group": ""}


def _process(run: NamedRun) -> dict[str, Any]:
    """Return the documented fields, then further fields that identify the process."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "platform": _platform.system_name(),
        "hostname": _platform.host_name(),
        "pid": run.process,
        "storage_dir": str(run.storage_root),
        "process_start": _platform.process_start_time(run.process),
        **host_identity(),
        "sdk_version": __version__,
    }


def is_of_other(meta: dict[str, Any]) -> bool:
    """Return whether a `meta.json` names another process that runs on this machine."""
    process = ProcessRecord.from_dict(meta)
    return process.pid not in (None, os.getpid()) and is_alive(process)


def identity(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a `meta.json` that identifies its process."""
    return {key: meta[key] for key in ("hostname", "pid", "process_start", *host_identity()) if key in meta}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
