"""Common part of both SwanLab formats: the files of a run beside its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn_importers.experiment import Media, Point, open_ended
from runicorn_importers.formats.open_files import is_open

HEAD = b":SWL"
SYSTEM_PREFIX = "__swanlab__."


def config(file: Path) -> dict[str, Any]:
    """Return the settings of the run with this record file, each an object with its `value`."""
    import yaml

    try:
        settings = yaml.safe_load(regular_file.read_bytes(file.parent / "files" / "config.yaml"))
    except (OSError, yaml.YAMLError, UnicodeError):
        return {}
    entries = settings if isinstance(settings, dict) else {}
    return {str(key): entry.get("value") for key, entry in entries.items() if isinstance(entry, dict)}


def host(file: Path) -> str:
    """Return the host name of the run with this record file."""
    about = layout.read_json(file.parent / "files" / "swanlab-metadata.json")[0]
    runtime = about.get("runtime", about)
    return str(runtime.get("hostname") or "") if isinstance(runtime, dict) else ""


def open_status(file: Path) -> tuple[str, str]:
    """Return the status and the reason of a run without a record of its end."""
    changed = None if is_open(file) is False else file.stat().st_mtime
    return open_ended(changed, "swanlab: the run has no end")


def system_point(key: str, time: float | None, value: Any) -> Point:
    return Point(0, time, {f"system/{key.removeprefix(SYSTEM_PREFIX)}": value}, "system")


def media(folder: Path, key: str, step: int, time: float | None, name: str, caption: str) -> Media | None:
    """Return a file of the run; None if it is missing."""
    path = folder / Path(name).name
    suffix = path.suffix.lower().lstrip(".")
    if not path.is_file() or path.is_symlink() or not SUFFIX.fullmatch(suffix):
        return None
    return Media(key, step, time, path, suffix, caption)
