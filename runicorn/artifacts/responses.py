"""Responses about artifacts, built from their files. Sizes are bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.artifacts.store import ArtifactFolder, Store, Version

Complain = Callable[[str], None]
"""Receives the message about a version that cannot be read."""


def artifacts(store: Store, type: str | None, complain: Complain) -> list[dict[str, Any]]:
    """The artifacts that have a version that is not deleted, the last updated first."""
    items = [_item(folder, complain) for folder in store.folders(type)]
    return sorted(
        (item for item in items if item["num_versions"]), key=lambda item: item["updated_at"], reverse=True
    )


def _item(folder: ArtifactFolder, complain: Complain) -> dict[str, Any]:
    entries = versions(folder, complain)
    live = [entry for entry in entries if entry["status"] != "deleted"]
    known = [folder.version(entry["version"]).metadata for entry in entries]
    return {
        "name": folder.name,
        "type": folder.type,
        "num_versions": len(live),
        "latest_version": live[-1]["version"] if live else None,
        "size_bytes": live[-1]["size_bytes"] if live else 0,
        "created_at": min((entry["created_at"] for entry in entries), default=0.0),
        "updated_at": max((max(about.created_at, about.updated_at) for about in known), default=0.0),
        "aliases": folder.aliases(),
    }


def versions(folder: ArtifactFolder, complain: Complain) -> list[dict[str, Any]]:
    """The versions of an artifact, ascending, deleted ones too."""
    aliases = folder.aliases()
    found = []
    for version in map(folder.version, folder.all_numbers()):
        try:
            found.append(_version(version, aliases))
        except DamagedFile as error:
            complain(str(error))
            found.append(_damaged(version))
    return found


def _damaged(version: Version) -> dict[str, Any]:
    about = version.metadata
    return {
        "version": version.number,
        "created_at": about.created_at,
        "created_by_run": about.created_by_run or None,
        "size_bytes": about.size_bytes,
        "num_files": 0,
        "status": "deleted" if version.is_deleted() else "corrupted",
        "aliases": [],
    }


def _version(version: Version, aliases: dict[str, int]) -> dict[str, Any]:
    manifest, about = version.manifest, version.metadata
    return {
        "version": version.number,
        "created_at": about.created_at or manifest.created_at,
        "created_by_run": about.created_by_run or None,
        "size_bytes": manifest.total_size,
        "num_files": len(manifest.files),
        "status": "deleted" if version.is_deleted() else about.status,
        "aliases": [alias for alias, number in aliases.items() if number == version.number],
    }


def version(version: Version) -> dict[str, Any]:
    """Everything about a version, and its files.

    Raises:
        DamagedFile: its manifest cannot be read.
    """
    about, curation, manifest = version.metadata, version.curation, version.manifest
    digest = (about.manifest_digest or "").removeprefix(ALGORITHM)
    stated = manifest.to_dict()
    return {
        "name": version.artifact.name,
        "type": version.artifact.type,
        **_version(version, version.artifact.aliases()),
        "updated_at": about.updated_at,
        "created_by_user": about.created_by_user,
        "num_references": len(manifest.references),
        "metadata": about.metadata,
        "description": about.description,
        "tags": about.tags,
        "manifest_digest": f"{ALGORITHM}{digest}" if digest else None,
        "lifecycle_stage": curation.get("lifecycle_stage") or "experimental",
        "verified_at": curation.get("verified_at"),
        "corrupted_files": curation.get("corrupted_files") or [],
        "problem": None,
        "path": str(version.path),
        "files": stated["files"],
        "references": stated["references"],
    }


def statistics(store: Store, complain: Complain) -> dict[str, Any]:
    """Sums over all artifacts; `dedup_pool_size_bytes` counts each content once."""
    contents: dict[str, int] = {}
    by_type: dict[str, dict[str, int]] = {}
    total = files = 0
    for folder in store.folders():
        sums = by_type.setdefault(folder.type, {"count": 0, "versions": 0, "size_bytes": 0})
        live = 0
        for version in map(folder.version, folder.numbers()):
            try:
                manifest = version.manifest
            except DamagedFile as error:
                complain(str(error))
                continue
            contents.update((file.digest, file.size) for file in manifest.files)
            total, files = total + manifest.stored_size, files + len(manifest.files)
            if not version.is_deleted():
                live += 1
                sums["size_bytes"] += manifest.stored_size
        sums["versions"] += live
        sums["count"] += live > 0
    pool = sum(contents.values())
    shown = {kind: by_type[kind] for kind in store.types() if by_type.get(kind, {}).get("count")}
    return {
        "total_artifacts": sum(sums["count"] for sums in shown.values()),
        "total_versions": sum(sums["versions"] for sums in shown.values()),
        "total_size_bytes": total,
        "total_files": files,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": pool,
        "space_saved_bytes": total - pool,
        "dedup_ratio": (total - pool) / total if total else 0.0,
        "by_type": shown,
    }
