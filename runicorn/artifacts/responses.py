"""Build the responses of the API about artifacts from the files of a store, without a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.artifacts.store import ArtifactFolder, Store, Version

if TYPE_CHECKING:
    # The package `runicorn.api` needs requests.
    from runicorn.api.responses.artifacts import (
        Artifact,
        ArtifactVersion,
        StoredVersion,
        StoreStatistics,
        TypeStatistics,
    )

Warn = Callable[[str], None]
"""Called with the problem of each version that cannot be read."""


def list_artifacts(store: Store, type: str | None, warn: Warn) -> list[Artifact]:
    """Return the artifacts with a version that is not deleted, last updated first."""
    entries = [entry for folder in store.folders(type) if (entry := _artifact_entry(folder, warn))]
    return sorted(entries, key=lambda entry: entry["updated_at"], reverse=True)


def _artifact_entry(folder: ArtifactFolder, warn: Warn) -> Artifact | None:
    entries = list_versions(folder, warn)
    live = [entry for entry in entries if entry["status"] != "deleted"]
    if not live:
        return None
    metadata = [folder.version(entry["version"]).metadata for entry in entries]
    return {
        "name": folder.name,
        "type": folder.type,
        "num_versions": len(live),
        "latest_version": live[-1]["version"],
        "version": live[-1]["version"],
        "size_bytes": live[-1]["size_bytes"],
        "created_at": min(entry["created_at"] for entry in entries),
        "updated_at": max(max(about.created_at, about.updated_at) for about in metadata),
        "aliases": folder.aliases(),
    }


def list_versions(folder: ArtifactFolder, warn: Warn) -> list[ArtifactVersion]:
    """Return the versions of an artifact, ascending, including deleted ones."""
    aliases = folder.aliases()
    entries = []
    for version in map(folder.version, folder.all_numbers()):
        try:
            entries.append(_version_entry(version, aliases))
        except DamagedFile as error:
            warn(str(error))
            entries.append(_damaged_entry(version))
    return entries


def _damaged_entry(version: Version) -> ArtifactVersion:
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


def _version_entry(version: Version, aliases: dict[str, int]) -> ArtifactVersion:
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


def version_detail(version: Version) -> StoredVersion:
    """Return everything about a version, with its files.

    Raises:
        DamagedFile: its manifest cannot be read.
    """
    about, curation, manifest = version.metadata, version.curation, version.manifest
    digest = (about.manifest_digest or "").removeprefix(ALGORITHM)
    stated = manifest.to_dict()
    return {
        "name": version.artifact.name,
        "type": version.artifact.type,
        **_version_entry(version, version.artifact.aliases()),
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


def statistics(store: Store, warn: Warn) -> StoreStatistics:
    contents: dict[str, int] = {}
    by_type: dict[str, TypeStatistics] = {}
    total = files = 0
    for folder in store.folders():
        sums = by_type.setdefault(folder.type, {"count": 0, "versions": 0, "size_bytes": 0})
        live = 0
        for version in map(folder.version, folder.numbers()):
            try:
                manifest = version.manifest
            except DamagedFile as error:
                warn(str(error))
                continue
            contents.update((file.digest, file.size) for file in manifest.files)
            total, files = total + manifest.stored_size, files + len(manifest.files)
            if not version.is_deleted():
                live += 1
                sums["size_bytes"] += manifest.stored_size
        sums["versions"] += live
        sums["count"] += live > 0
    pool = sum(contents.values())
    listed_types = {
        kind: by_type[kind] for kind in store.types() if kind in by_type and by_type[kind]["count"]
    }
    return {
        "total_artifacts": sum(sums["count"] for sums in listed_types.values()),
        "total_versions": sum(sums["versions"] for sums in listed_types.values()),
        "total_size_bytes": total,
        "total_files": files,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": pool,
        "space_saved_bytes": total - pool,
        "dedup_ratio": (total - pool) / total if total else 0.0,
        "by_type": listed_types,
    }
