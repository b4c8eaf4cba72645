"""Artifacts and versions as the API answers them."""

from __future__ import annotations

from typing import Any

from artifacts.models import Artifact, Use, Version
from runicorn.artifacts import store
from runs.models import Run


def item(artifact: Artifact) -> dict[str, Any]:
    """An artifact in a list."""
    return {
        "name": artifact.name,
        "type": artifact.type,
        "num_versions": artifact.num_versions,
        "latest_version": artifact.latest,
        "size_bytes": artifact.size_bytes,
        "created_at": artifact.created,
        "updated_at": artifact.updated,
        "aliases": artifact.aliases,
    }


def version_item(artifact: Artifact, version: Version) -> dict[str, Any]:
    """A version in a list."""
    return {
        "version": version.number,
        "created_at": version.created,
        "created_by_run": version.run_id or None,
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "status": version.state,
        "aliases": artifact.aliases_of(version.number),
    }


def detail(version: Version) -> dict[str, Any]:
    """Everything about a version but its files."""
    artifact = version.artifact
    return {
        "name": artifact.name,
        "type": artifact.type,
        **version_item(artifact, version),
        "updated_at": version.updated,
        "created_by_user": version.user,
        "num_references": len(version.references),
        "metadata": version.metadata,
        "description": version.description,
        "tags": version.tags,
        "manifest_digest": version.manifest_digest,
        "deleted_at": version.deleted,
        "lifecycle_stage": version.stage,
        "verified_at": version.curation.get("verified_at"),
        "corrupted_files": version.curation.get("corrupted_files") or [],
        "problem": version.problem,
    }


def files(version: Version) -> dict[str, Any]:
    """The files and references of a version."""
    folder = version.on_disk.path / store.FILES
    rows = version.files.order_by("path").values_list("path", "size", "digest", "modified")
    return {
        "artifact": str(version),
        "files": [
            {
                "path": path,
                "size": size,
                "digest": digest,
                "modified_at": modified,
                "absolute_path": str(folder / path),
                "is_remote": False,
            }
            for path, size, digest, modified in rows
        ],
        "references": version.references,
        "total_size": version.size_bytes,
        "total_files": version.num_files,
        "total_references": len(version.references),
        "is_remote": False,
    }


def of_run(run: Run, kind: str) -> list[dict[str, Any]]:
    """The versions that a run made or used, in the order of logging, with what is known of them now."""
    uses = list(Use.objects.filter(run=run, kind=kind).order_by("position"))
    rows = Version.objects.whole().filter(
        artifact__root=run.root, artifact__name__in={use.name for use in uses}
    )
    known = {(v.artifact.type, v.artifact.name, v.number): v for v in rows.select_related("artifact")}
    return [_use(use, known.get(use.key)) for use in uses]


def _use(use: Use, version: Version | None) -> dict[str, Any]:
    about = {"name": use.name, "type": use.type, "version": use.number}
    if version is None:
        size, since = use.size_bytes, use.at
        return about | {
            "size_bytes": size,
            "created_at": since,
            "description": None,
            "aliases": [],
            "lifecycle_stage": None,
        }
    return about | {
        "size_bytes": version.size_bytes,
        "created_at": version.created,
        "description": version.description or None,
        "aliases": version.artifact.aliases_of(version.number),
        "lifecycle_stage": version.stage,
    }
