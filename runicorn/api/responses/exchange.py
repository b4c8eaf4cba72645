"""Responses about imported archives and exported runs."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from runicorn.newer_python import NotRequired


class ImportedArchive(TypedDict):
    """Content that an import added, or would add."""

    ok: bool
    dry_run: Annotated[bool, "Nothing was changed."]
    imported_files: int
    imported_bytes: int
    new_run_dirs: Annotated[list[str], "Absolute paths."]
    new_run_ids: list[str]
    replaced_run_ids: list[str]
    new_artifacts: Annotated[list[str], "type/name:vN."]
    left: Annotated[dict[str, str], "What was not imported, each with the reason."]
    storage: str


class ExportedFile(TypedDict):
    """A media file of a run."""

    path: str
    size: int
    base64: str


class ExportedRun(TypedDict):
    """A run as one document; NaN and infinities are null."""

    format: Annotated[str, "runicorn.run/1."]
    id: str
    meta: dict[str, Any]
    status: dict[str, Any]
    summary: dict[str, Any]
    config: dict[str, Any]
    curation: dict[str, Any]
    environment: dict[str, Any]
    artifacts_created: dict[str, Any]
    artifacts_used: dict[str, Any]
    metrics: Annotated[list[dict[str, Any]], "One for each record, in the order of logging."]
    logs: str
    media: NotRequired[list[ExportedFile]]
