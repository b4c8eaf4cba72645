"""Validation of manifests from a remote host, which are not trusted.

A path must be that of a file that Runicorn knows within the folder of a run; everything else is refused and reported,
and the rest of the manifest is used.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any

from runicorn.store import layout
from runicorn.store.run_files import is_run_folder, priority_of
from runicorn_tools.sync.manifest.model import FORMAT_VERSION, ManifestType, folder_of

MOST_BYTES = 4 * 2**30
"""Limit of an unpacked manifest."""
SMALL_BYTES, MOST_RATIO = 10 * 2**20, 200
"""Beyond so many bytes a packed manifest may not have more than so many times its packed size."""
MOST_SIZE = 2**60
MOST_SECONDS = 9e9
MOST_PROBLEMS = 20
_MD5 = re.compile(r"[0-9a-f]{32}")


class InvalidManifest(ValueError):
    """The manifest cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Size, time and hashes of a remote file.

    Attributes:
        size: bytes.
        mtime: Unix seconds.
        tail: the MD5 of its last 4,096 bytes, if known; only of append-only files.
        head: the MD5 of its first 4,096 bytes, likewise.
    """

    size: int
    mtime: float
    tail: str | None = None
    head: str | None = None


@dataclass(slots=True)
class Inventory:
    """Runs of a remote store: the files of each run, by name within its folder."""

    runs: dict[str, dict[str, FileInfo]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Folders that could not be read."""
    problems: list[str] = field(default_factory=list)
    """Refused entries, as sentences; at most `MOST_PROBLEMS`."""
    refused: int = 0
    is_complete: bool = True
    """Whether a run missing here does not exist on the remote host."""
    lists_all_files: bool = True
    """Whether a file missing here does not exist on the remote host."""
    revision: int = 0
    snapshot_id: str = ""
    generated_at: float = 0.0

    def refuse(self, sentence: str) -> None:
        self.refused += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(sentence)


def unpack(content: bytes) -> bytes:
    """Unpack a gzip file of limited size.

    Raises:
        InvalidManifest: it is not gzip, is truncated, or unpacks to too much.
    """
    limit = min(max(SMALL_BYTES, len(content) * MOST_RATIO), MOST_BYTES)
    decompressor = zlib.decompressobj(wbits=31)
    try:
        text = decompressor.decompress(content, limit + 1)
    except zlib.error as error:
        raise InvalidManifest("It is not a gzip file.") from error
    if len(text) > limit:
        raise InvalidManifest(f"It unpacks to more than {limit} bytes.")
    if not decompressor.eof:
        raise InvalidManifest("It is truncated.")
    return text


def parse(content: bytes) -> Inventory:
    """Parse a manifest and return its valid entries.

    Raises:
        InvalidManifest: it has another form or version.
    """
    value = _object(content)
    try:
        kind = ManifestType(str(value.get("manifest_type")))
    except ValueError as error:
        raise InvalidManifest("Its manifest_type is neither full nor active.") from error
    revision, snapshot, runs = value.get("revision"), value.get("snapshot_id"), value.get("experiments")
    if not _is_integer(revision, 1) or not isinstance(snapshot, str) or not isinstance(runs, list):
        raise InvalidManifest("Its revision, snapshot_id or experiments are missing or of another type.")
    unread = value.get("unread")
    inventory = Inventory(
        unread=[place for place in unread if isinstance(place, str)] if isinstance(unread, list) else [],
        is_complete=kind is ManifestType.FULL,
        lists_all_files=isinstance(unread, list),  # 0.5 lists neither media nor config.json
        revision=value["revision"],
        snapshot_id=layout.CONTROL.sub("", snapshot)[:64],
        generated_at=_number(value.get("generated_at")) or 0.0,
    )
    for run in runs:
        _add_run(inventory, run)
    return inventory


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidManifest("It is not JSON.") from error
    if not isinstance(value, dict):
        raise InvalidManifest("It is not a JSON object.")
    version = value.get("format_version")
    if not isinstance(version, str) or version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise InvalidManifest(f"Its format_version is {str(version)[:20]!r}, not {FORMAT_VERSION}.")
    return value


def _add_run(inventory: Inventory, run: Any) -> None:
    files = run.get("files") if isinstance(run, dict) else None
    if not isinstance(files, list):
        inventory.refuse("An entry of the manifest is not a run with files.")
        return
    folder, valid = "", {}
    for file in files:
        validated = _validated(file)
        if validated is None:
            inventory.refuse(f"Refused: {_display_path(file)} is not a file of a run.")
            continue
        path, info = validated
        own = folder_of(path)
        folder = folder or own
        name = path[len(own) + 1 :]
        if own != folder or name in valid or own.rpartition("/")[2] != run.get("run_id"):
            inventory.refuse(f"Refused: {_display_path(file)} is not in the folder of its run.")
            continue
        valid[name] = info
    if not valid:
        return
    if folder in inventory.runs:
        inventory.refuse(f"Refused: the manifest has the run {folder} twice.")
        return
    inventory.runs[folder] = valid


def _validated(file: Any) -> tuple[str, FileInfo] | None:
    """Return the path of a file and its `FileInfo`; None if they are invalid."""
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        return None
    path, size, mtime = file["path"], file.get("size"), _number(file.get("mtime"))
    if not is_run_file(path) or not _is_integer(size, 0) or mtime is None:
        return None
    grows = layout.grows(path[len(folder_of(path)) + 1 :])
    hashes = [file.get(key) if grows else None for key in ("tail_hash", "head_hash")]
    if any(value is not None and not _is_md5(value) for value in hashes):
        return None
    return path, FileInfo(file["size"], mtime, *hashes)


def is_run_file(path: str) -> bool:
    folder = folder_of(path)
    return is_run_folder(folder) and priority_of(path[len(folder) + 1 :]) is not None


def _is_md5(value: Any) -> bool:
    return isinstance(value, str) and _MD5.fullmatch(value) is not None


def _is_integer(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST_SIZE


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # The range of os.utime, nanoseconds in 64 bits; false for NaN.
    return float(value) if abs(value) < MOST_SECONDS else None


def _display_path(file: Any) -> str:
    path = file.get("path") if isinstance(file, dict) else file
    return repr(path)[:120]
