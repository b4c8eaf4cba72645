"""Manifests that come from somebody else: what is in one is a claim, and each claim is judged before it is used. Pure.

A path must be that of a file that Runicorn knows within the folder of a run; everything else is refused and told of, and
the rest of the manifest is used.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any

from runicorn.manifest.files import is_run_folder, priority_of
from runicorn.manifest.model import FORMAT_VERSION, ManifestType, folder_of
from runicorn.store import layout

MOST_BYTES = 4 * 2**30
"""Of a manifest, unpacked."""
SMALL_BYTES, MOST_RATIO = 10 * 2**20, 200
"""Beyond so many bytes a packed manifest may not have more than so many times its packed size."""
MOST_SIZE = 2**60
MOST_SECONDS = 9e9
MOST_PROBLEMS = 20
_MD5 = re.compile(r"[0-9a-f]{32}")


class InvalidManifest(ValueError):
    """It is no manifest that can be used; its text says why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a file is over there.

    Attributes:
        size: bytes.
        mtime: Unix seconds.
        tail: the MD5 of its last 4,096 bytes, if that was told and the file only grows.
        head: likewise of its first.
    """

    size: int
    mtime: float
    tail: str | None = None
    head: str | None = None


@dataclass(slots=True)
class Told:
    """What is wanted of the far side: the files of each run, by name within its folder."""

    runs: dict[str, dict[str, Mark]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Folders of which nothing is known just now."""
    problems: list[str] = field(default_factory=list)
    """What was refused, as sentences; at most `MOST_PROBLEMS` of them."""
    refused: int = 0
    is_complete: bool = True
    """Whether a run that is not in it is not there."""
    tells_all_files: bool = True
    """Whether a file that is not in it is not there."""
    revision: int = 0
    snapshot_id: str = ""
    generated_at: float = 0.0

    def refuse(self, sentence: str) -> None:
        """Note that something was left out."""
        self.refused += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(sentence)


def unpack(content: bytes) -> bytes:
    """The content of a gzip file.

    Raises:
        InvalidManifest: it is none, is not whole, or is a bomb.
    """
    limit = min(max(SMALL_BYTES, len(content) * MOST_RATIO), MOST_BYTES)
    machine = zlib.decompressobj(wbits=31)
    try:
        text = machine.decompress(content, limit + 1)
    except zlib.error as error:
        raise InvalidManifest("It is not a gzip file.") from error
    if len(text) > limit:
        raise InvalidManifest(f"It unpacks to more than {limit} bytes.")
    if not machine.eof:
        raise InvalidManifest("It is not whole.")
    return text


def parse(content: bytes) -> Told:
    """What a manifest tells, as far as it can be believed.

    Raises:
        InvalidManifest: it has another form or version.
    """
    value = _object(content)
    try:
        kind = ManifestType(str(value.get("manifest_type")))
    except ValueError as error:
        raise InvalidManifest("Its manifest_type is neither full nor active.") from error
    revision, snapshot, runs = value.get("revision"), value.get("snapshot_id"), value.get("experiments")
    if not _is_whole(revision, 1) or not isinstance(snapshot, str) or not isinstance(runs, list):
        raise InvalidManifest("Its revision, snapshot_id or experiments are missing or of another type.")
    unread = value.get("unread")
    told = Told(
        unread=[place for place in unread if isinstance(place, str)] if isinstance(unread, list) else [],
        is_complete=kind is ManifestType.FULL,
        tells_all_files=isinstance(unread, list),  # 0.5 lists neither media nor config.json
        revision=value["revision"],
        snapshot_id=layout.CONTROL.sub("", snapshot)[:64],
        generated_at=_number(value.get("generated_at")) or 0.0,
    )
    for run in runs:
        _take(told, run)
    return told


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


def _take(told: Told, run: Any) -> None:
    files = run.get("files") if isinstance(run, dict) else None
    if not isinstance(files, list):
        told.refuse("An entry of the manifest is no run with files.")
        return
    folder, marks = "", {}
    for file in files:
        checked = _checked(file)
        if checked is None:
            told.refuse(f"Refused: {_shown(file)} is not a file of a run.")
            continue
        path, mark = checked
        own = folder_of(path)
        folder = folder or own
        name = path[len(own) + 1 :]
        if own != folder or name in marks or own.rpartition("/")[2] != run.get("run_id"):
            told.refuse(f"Refused: {_shown(file)} is not where its run says that it is.")
            continue
        marks[name] = mark
    if not marks:
        return
    if folder in told.runs:
        told.refuse(f"Refused: the manifest has the run {folder} twice.")
        return
    told.runs[folder] = marks


def _checked(file: Any) -> tuple[str, Mark] | None:
    """The path of a file and what is told of it; None when it cannot be believed."""
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        return None
    path, size, mtime = file["path"], file.get("size"), _number(file.get("mtime"))
    if not is_path(path) or not _is_whole(size, 0) or mtime is None:
        return None
    grows = path.rpartition("/")[2] in layout.GROWING
    hashes = [file.get(key) if grows else None for key in ("tail_hash", "head_hash")]
    if any(value is not None and not _is_md5(value) for value in hashes):
        return None
    return path, Mark(file["size"], mtime, *hashes)


def is_path(path: str) -> bool:
    """Whether a path is that of a file which Runicorn knows, within the folder of a run."""
    folder = folder_of(path)
    return is_run_folder(folder) and priority_of(path[len(folder) + 1 :]) is not None


def _is_md5(value: Any) -> bool:
    return isinstance(value, str) and _MD5.fullmatch(value) is not None


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST_SIZE


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # What os.utime takes, in nanoseconds of 64 bits; false for NaN.
    return float(value) if abs(value) < MOST_SECONDS else None


def _shown(file: Any) -> str:
    path = file.get("path") if isinstance(file, dict) else file
    return repr(path)[:120]
