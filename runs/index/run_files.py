"""Files of a run other than its journal. Links are not followed, and nothing outside the folder is opened."""

from __future__ import annotations

import os
from typing import TypedDict

from runicorn._platform import read_at
from runicorn.api.responses.run_files import MediaFile
from runicorn.json_value import JsonObject
from runicorn.store import layout
from runicorn_site.web.files import OpenFile
from runs.errors import NoSuchFile
from runs.index.media_index import media_of
from runs.models import Run
from runs.store.sanitize import Cleaner, clean_text, integer, number

UNKNOWN_TYPE = "application/octet-stream"
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
}
"""Types that a browser may show on our origin. SVG is excluded: it can contain scripts."""


def open_log(run: Run) -> OpenFile:
    """Open the log of a run.

    Raises:
        NoSuchFile: it has no log.
    """
    try:
        return OpenFile(run.path / layout.LOGS)
    except OSError as error:
        raise NoSuchFile("Run {run_id} has no log", run_id=run.run_id) from error


def open_media(run: Run, path: str) -> OpenFile:
    """Open a file below the run's `media` folder.

    Raises:
        NoSuchFile: it does not exist, or its path contains a link.
    """
    missing = NoSuchFile(
        "Run {run_id} has no media file {path}", run_id=run.run_id, path=clean_text(path, 200)
    )
    parts = path.split("/")
    if parts[0] == layout.MEDIA:
        parts = parts[1:]  # as written in the journal
    if not parts or any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
        raise missing
    folder = run.path
    try:
        for part in (layout.MEDIA, *parts[:-1]):
            folder = folder / part
            if folder.is_symlink():
                raise missing
        return OpenFile(folder / parts[-1])
    except OSError as error:
        raise missing from error


def read_media(run: Run, path: str, limit: int) -> bytes:
    """Return the content of a file below the run's `media` folder.

    Raises:
        NoSuchFile: it does not exist, or is larger than `limit` bytes.
    """
    file = open_media(run, path)
    size = os.fstat(file.fd).st_size
    if size > limit:
        raise NoSuchFile("The file {path} is too large to be shown.", path=clean_text(path, 200))
    return read_at(file.fd, size, 0)


def media(run: Run) -> list[MediaFile]:
    """Return the existing media of a run, as the API lists them."""
    folder, files = run.path / layout.MEDIA, []
    for row in media_of(run):
        try:
            size = os.stat(folder / row.path, follow_symlinks=False).st_size
        except OSError:
            continue
        files.append(
            MediaFile(
                key=row.key,
                path=row.path,
                step=row.step,
                caption=row.caption,
                created_at=row.created,
                size=size,
            )
        )
    return files


def environment(run: Run) -> JsonObject | None:
    """Return the recorded environment, or None if it is missing or malformed."""
    value, _ = layout.read_json(run.path / layout.ENVIRONMENT)
    return Cleaner().clean(value) or None


class ListedArtifact(TypedDict):
    """An artifact version in one of the two lists of a run."""

    name: str
    type: str
    version: int
    size_bytes: int
    created_at: float


def artifacts(run: Run, file: str) -> list[ListedArtifact]:
    """Return the artifact versions in one of the run's two lists; entries without a name are left out."""
    entries = layout.read_json(run.path / file)[0].get("artifacts")
    items = (
        (_artifact(entry) for entry in entries if isinstance(entry, dict))
        if isinstance(entries, list)
        else ()
    )
    return [entry for entry in items if entry["name"]]


def _artifact(entry: JsonObject) -> ListedArtifact:
    return {
        "name": clean_text(entry.get("name"), 255),
        "type": clean_text(entry.get("type"), 64),
        "version": integer(entry.get("version")) or 0,
        "size_bytes": integer(entry.get("size_bytes")) or 0,
        "created_at": number(entry.get("created_at", entry.get("used_at"))) or 0.0,
    }
