"""Responses about the files of a run."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from runicorn.newer_python import NotRequired


class MediaFile(TypedDict):
    """An image or another file that was logged."""

    key: str
    path: Annotated[str, "Below /api/runs/{id}/media/."]
    step: int | None
    caption: str | None
    created_at: float
    size: Annotated[int, "Bytes."]


class RunEnvironment(TypedDict):
    """The machine, packages and repository that a run recorded."""

    available: bool
    environment: NotRequired[dict[str, Any]]


class LogLine(TypedDict):
    """A line of a log."""

    line: Annotated[int, "From 1 on."]
    text: str


class LogMatches(TypedDict):
    """The matching lines of a log, the first 10,000 of them."""

    matches: list[LogLine]
    total: int
    truncated: bool


class UploadedSize(TypedDict):
    """The size of a file after an upload."""

    size: Annotated[int, "Bytes."]


class FileDigest(TypedDict):
    """The size and the digest of a file, or of its beginning."""

    size: Annotated[int, "Bytes."]
    digest: Annotated[str, "`sha256:` and 64 digits."]


class UploadConflict(TypedDict):
    """The reason why an upload was refused, and the size of the file."""

    detail: str
    size: Annotated[int | None, "Bytes."]
    same_store: bool


class Heartbeat(TypedDict):
    """A heartbeat was received."""

    heartbeat_at: Annotated[float, "Unix seconds."]
