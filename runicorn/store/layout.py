"""Layout of a store: names, run ids, statuses, and the small JSON files of a run folder.

A run is stored in `<root>/<project>/<name>/runs/<run_id>/`, or in `<root>/runs/<path…>/<run_id>/` as Runicorn 0.6 and 0.7
write it (before 0.4 without a path). SDK and server validate names with the same functions.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from pathlib import Path

from runicorn import _platform
from runicorn.store import file_checksums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

META = "meta.json"
STATUS = "status.json"
SUMMARY = "summary.json"
CONFIG = "config.json"
CURATION = "curation.json"
EVENTS = "events.jsonl"
LOGS = "logs.txt"
ENVIRONMENT = "environment.json"
ARTIFACTS_CREATED = "artifacts_created.json"
ARTIFACTS_USED = "artifacts_used.json"
ASSETS = "assets.json"
"""Settings and data sets of a run of Runicorn 0.6 and 0.7."""
IMPORT_REPORT = "import_report.json"
"""Comparison of an imported run with its source."""
SOURCES_FILE = "sources.json"
MEDIA = "media"
SOURCES = "sources"
"""Folder of packs with the sources of a run."""
SAMPLES = "samples"
"""Folder of samples; their files are described at `runicorn.store.samples`."""
SAMPLE_NOTES = "sample_notes.json"
"""Labels and notes of people about samples of the run."""
DELETED = ".deleted"
OF_THE_LIBRARY = frozenset(
    {
        META,
        STATUS,
        SUMMARY,
        CONFIG,
        ENVIRONMENT,
        SOURCES_FILE,
        ARTIFACTS_CREATED,
        ARTIFACTS_USED,
        ASSETS,
        IMPORT_REPORT,
    }
)
OF_THE_SERVER = frozenset({CURATION, SAMPLE_NOTES, DELETED})
SMALL = OF_THE_LIBRARY | OF_THE_SERVER
"""Files that are replaced as a whole, each by a single writer."""
GROWING = frozenset({EVENTS, LOGS})
"""Append-only files, beside those of samples: see `grows`."""

MARKS = (META, STATUS, EVENTS)
"""Files of which any makes a folder a run, whatever its name."""
WEAK_MARKS = (SUMMARY, CONFIG, LOGS, ENVIRONMENT, ARTIFACTS_CREATED, ARTIFACTS_USED, ASSETS)
"""Files that make a folder a run only if its name is a run id, since other programs use these names too."""

RUNNING = "running"
FINISHED = "finished"
FAILED = "failed"
INTERRUPTED = "interrupted"
STATUSES = (RUNNING, FINISHED, FAILED, INTERRUPTED)

RESERVED_METRICS = frozenset({"time", "ts", "step", "global_step", "stage"})
SKIPPED_TOP = frozenset({"artifacts", "evaluations", "runs"})
"""Folders of a storage root that are not projects; new projects cannot have these names."""

NAME_LENGTH = 100
RUNS = "runs"
DEFAULT = "default"
"""Project and experiment of a run without names."""
PATH_LENGTH = 200
PATH_DEPTH = 32
"""Depth of the search below `<root>/runs`; a path of 0.6 has at most 200 characters."""
# The limit of ext4, APFS and NTFS for a path component; 100 characters of some scripts exceed it.
NAME_BYTES = 255
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10)))
)
"""Names of devices on Windows, in lower case and without a suffix."""
_ANOTHER_ON_WINDOWS = r'.*(?:[<>:"|?*].*|[. ])'
# The lookahead keeps a large set of characters from being optimized when it is compiled, at each start of a training.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]|(?=[\ud800-\udfff\u2028\u2029])(?s:.)")
JSON_CEILING = 16 * 1024 * 1024
"""Size limit of a small file; a larger one is not read."""


class InvalidRunId(ValueError):
    """The id of a new run, or in a request, is malformed."""

    def __init__(self, run_id: object) -> None:
        super().__init__(f"Invalid run_id format: {run_id}. Expected format: YYYYMMDD_HHMMSS_XXXXXX")


class InvalidName(ValueError):
    """The project or experiment name is not valid as a folder of the store."""


def new_run_id(now: float | None = None) -> str:
    """Return an id that sorts by local start time; its last part distinguishes runs of the same second."""
    started = time.localtime(time.time() if now is None else now)
    return f"{time.strftime('%Y%m%d_%H%M%S', started)}_{os.urandom(3).hex()}"


def second_of(run_id: str) -> str:
    """Return the part of an id that says in which second its run began; what follows is random."""
    return run_id[:15]


def is_run_id(value: object) -> bool:
    # Not by a pattern: each training asks once, and would compile it.
    if not isinstance(value, str) or len(value) != 22 or not value.isascii():
        return False
    day, second, random = value[:8], value[9:15], value[16:]
    digits = day.isdigit() and second.isdigit() and value[8] == value[15] == "_"
    return digits and random.isalnum() and random == random.lower()


def check_run_id(value: object) -> str:
    """Return the id if it is valid."""
    if not isinstance(value, str) or not is_run_id(value):
        raise InvalidRunId(value)
    return value


def check_name(value: object, what: str) -> str:
    """Return the name if it is valid as a folder below the storage root.

    Args:
        what: "project" or "experiment name", for the message.

    Raises:
        InvalidName: it is not text of 1-100 characters, is not a plain name, or is reserved.
    """
    if not isinstance(value, str):
        raise InvalidName(f"The {what} must be text, not {type(value).__name__}.")
    problem = _name_problem(value)
    if problem:
        raise InvalidName(f"Invalid {what} {value!r}: it {problem}.")
    return value


def _name_problem(name: str) -> str | None:
    if not 1 <= len(name) <= NAME_LENGTH:
        return f"must have 1 to {NAME_LENGTH} characters"
    if CONTROL.search(name):
        return "must not contain control characters"
    if "/" in name or "\\" in name or ".." in name:
        return "must not contain '/', '\\' or '..'"
    if name.startswith("."):
        return "must not begin with a dot"
    if name in SKIPPED_TOP:
        return "is reserved"
    if len(name.encode()) > NAME_BYTES:
        return f"must not be longer than {NAME_BYTES} bytes in UTF-8"
    return None


def fit_name(name: str, fallback: str = "imported") -> str:
    """Return a valid name of a project or experiment, with invalid characters replaced."""
    text = CONTROL.sub("", re.sub(r"[/\\]|\.\.+", "-", name)).lstrip(". ").rstrip()[:NAME_LENGTH]
    text = text.encode()[:NAME_BYTES].decode("utf-8", "ignore") or fallback
    return f"{text}_" if text in SKIPPED_TOP else text


def check_path(value: object) -> str:
    """Return a path of Runicorn 0.6 and 0.7, `project/name`, without slashes at its ends; "" and "/" are the root.

    Raises:
        InvalidName: it is not text of at most 200 characters, or not a relative path.
    """
    if not isinstance(value, str):
        raise InvalidName(f"The path must be text, not {type(value).__name__}.")
    path = value.replace("\\", "/").strip("/")
    parts = path.split("/") if path else []
    if len(path) > PATH_LENGTH:
        problem = f"must have at most {PATH_LENGTH} characters"
    elif CONTROL.search(path):
        problem = "must not contain control characters"
    elif any(not part or part.startswith(".") or ".." in part for part in parts):
        problem = "must not have empty parts, parts that begin with a dot, or '..'"
    else:
        return path
    raise InvalidName(f"Invalid path {value[:PATH_LENGTH]!r}: it {problem}.")


def names_of_path(path: str) -> tuple[str, str]:
    """Return the project and the name of a path: its first component, and the others joined."""
    project, _, name = path.partition("/")
    return project or DEFAULT, name or DEFAULT


def path_of_folder(folder: str) -> str | None:
    """Return the path of a run's folder below `<root>/runs`, relative to the root; None for a run of a project."""
    parts = folder.split("/")
    return "/".join(parts[1:-1]) if parts[0] == RUNS else None


def names_another_file(part: str) -> bool:
    """Return whether this system maps a path component to another file: a device, a stream of another file, or the same
    name without trailing dots. Only Windows does.
    """
    return _platform.WINDOWS and (is_device(part) or bool(re.fullmatch(_ANOTHER_ON_WINDOWS, part)))


def is_device(part: str) -> bool:
    """Return whether Windows takes a name, with any suffix, for a device."""
    return part.partition(".")[0].lower() in _DEVICES


def grows(name: str) -> bool:
    """Return whether a file, named relative to the run's folder, is append-only."""
    return name in GROWING or (name.startswith(f"{SAMPLES}/") and name.endswith(".jsonl"))


def is_hidden(name: str) -> bool:
    """Return whether a folder of that name is never a project or an experiment."""
    return name.startswith(".") or name in SKIPPED_TOP


def run_folder(root: Path, project: str, name: str, run_id: str, path: str | None = None) -> Path:
    """Return the folder of a run: below `<root>/runs` if it has a path."""
    if path is not None:
        return root / RUNS / path / run_id
    return root / project / name / "runs" / run_id


def marks(name: str) -> tuple[str, ...]:
    """Return the files of which any makes a folder of that name a run."""
    return (*MARKS, *WEAK_MARKS) if is_run_id(name) else MARKS


def is_run(folder: Path | str) -> bool:
    """Return whether a folder is a run: it contains a file that Runicorn writes."""
    return any(_is_file(f"{folder}/{mark}") for mark in marks(os.path.basename(folder)))


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def split_run_path(path: str) -> tuple[str, str]:
    """Split the path of a file of a run into the run's folder and the rest; the folder is "" if it is not in a run.

    Below `<root>/runs` the depth of a run is not fixed: it is found by the run id, or by the name of the file.
    """
    parts = path.split("/")
    depth = 4 if parts[0] != RUNS else _depth(parts)
    if len(parts) <= depth:
        return "", path
    return "/".join(parts[:depth]), "/".join(parts[depth:])


def _depth(parts: list[str]) -> int:
    for depth, part in enumerate(parts[1:-1], 2):
        if is_run_id(part):
            return depth
    if parts[-1] in SMALL or parts[-1] in GROWING:
        return max(2, len(parts) - 1)
    return next((parts.index(inner, 2) for inner in (MEDIA, SAMPLES) if inner in parts[2:]), 2)


def read_json(
    path: Path | str, *, follow_links: bool = False, ceiling: int = JSON_CEILING
) -> tuple[dict[str, Any], str | None]:
    """Return the object in a small file, and a message if the file has a problem.

    A missing file is an empty object without a problem. `NaN` and `Infinity` are read as floats. Only regular files of
    at most `ceiling` bytes are read, and links only with `follow_links`, since a store may come from another user.
    """
    try:
        raw = _platform.read_regular(path, ceiling + 1, follow_links=follow_links)
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, f"{os.path.basename(path)} could not be read: {error.strerror or error}."
    if len(raw) > ceiling:
        return {}, f"{os.path.basename(path)} is larger than {ceiling // 2**20} MiB and was not read."
    try:
        # Not "utf-8-sig", whose module cannot be imported once the process has no descriptors left.
        value = json.loads(raw.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}, f"{os.path.basename(path)} is not valid JSON."
    if not isinstance(value, dict):
        return {}, f"{os.path.basename(path)} is not a JSON object."
    return value, None


def json_content(value: dict[str, Any]) -> bytes:
    """Return the content of a small file, with its checksum.

    NaN and infinities are written bare, as the format requires; invalid Unicode becomes question marks.

    Raises:
        TypeError: a value cannot be represented in JSON.
    """
    return file_checksums.seal(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace"))


def write_json(path: Path, value: dict[str, Any], *, mode: int = 0o666, in_place: bool = False) -> None:
    """Replace a small file atomically and durably.

    Args:
        path: the file; the folder must exist.
        value: a JSON value.
        mode: permissions before the umask.
        in_place: if there is no space for a second file, overwrite the existing one: a full disk still accepts what
            fits into an allocated block.

    Raises:
        OSError: the file could not be written; the old one is unchanged.
        TypeError: a value cannot be represented in JSON.
    """
    content = json_content(value)
    try:
        _platform.replace_file(path, content, mode)
    except OSError as error:
        if not in_place or error.errno not in _platform.NO_ROOM:
            raise
        _platform.overwrite_file(path, content)
