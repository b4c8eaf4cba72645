"""What `meta.json` tells of a run: who it is, and in which process of which machine it runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from runicorn import _platform
from runicorn._version import __version__
from runicorn.settings.user import identity

if TYPE_CHECKING:
    from runicorn.tracking.run import Run


def meta(run: Run, before: dict[str, Any], labels: dict[str, Any], resumed: bool) -> dict[str, Any]:
    """The whole content of `meta.json`.

    Args:
        run: the run that begins.
        before: what the file held, when the run is resumed.
        labels: `tags`, `notes` and `group`, where they were given now.
        resumed: whether this is a later part of the run.
    """
    content = {**_run(run), **before, **_process(run), **labels}
    if resumed:
        content["tags"] = list(dict.fromkeys(_texts(before.get("tags")) + labels.get("tags", [])))
        content["resumed_at"] = [*_list(before.get("resumed_at")), time.time()]
    return content


def _run(run: Run) -> dict[str, Any]:
    names = {"id": run.id, "project": run.project, "name": run.name, "created_at": time.time()}
    path = {} if run.path is None else {"path": run.path}
    return {**names, **path, "tags": [], "notes": "", "group": ""}


def _process(run: Run) -> dict[str, Any]:
    """The documented names first, then what the pid means nothing without."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "platform": _platform.system_name(),
        "hostname": _platform.host_name(),
        "pid": run.process,
        "storage_dir": str(run.storage_root),
        "process_start": _platform.process_start_time(run.process),
        **identity(),
        "sdk_version": __version__,
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
