"""Build the responses about artifacts that need further rows; those of one row are built by `artifacts.models`."""

from __future__ import annotations

from artifacts.lineage.query import hidden_versions
from artifacts.models import Use, Version
from runicorn.api.responses.artifacts import ArtifactFile, ArtifactFiles, UsedVersion
from runicorn.artifacts import store
from runs.models import Run


def version_files(version: Version) -> ArtifactFiles:
    """Build the list of the files and references of a version."""
    on_disk = version.on_disk
    folder, bucket = on_disk.path / store.FILES, on_disk.artifact.store.bucket
    rows = version.files.order_by("path").values_list("path", "size", "digest", "modified")
    files = []
    for path, size, digest, modified in rows:
        file = ArtifactFile(path=path, size=size, digest=digest, modified_at=modified, is_remote=False)
        if bucket is None or (folder / path).exists():
            file["absolute_path"] = str(folder / path)
        files.append(file)
    return {
        "artifact": str(version),
        "files": files,
        "references": version.references,
        "total_size": version.size_bytes,
        "total_files": version.num_files,
        "total_references": len(version.references),
        "is_remote": False,
    }


def uses_of_run(run: Run, kind: str) -> list[UsedVersion]:
    """Return the current versions that a run made or used, in the order of logging."""
    uses = list(Use.objects.filter(run=run, kind=kind).order_by("position"))
    hidden = hidden_versions(run.root, (use.key for use in uses))
    uses = [use for use in uses if use.key not in hidden]
    rows = Version.objects.indexed().filter(
        artifact__root=run.root, artifact__name__in={use.name for use in uses}
    )
    versions_by_key = {
        (v.artifact.type, v.artifact.name, v.number): v for v in rows.select_related("artifact")
    }
    return [_use(use, versions_by_key.get(use.key)) for use in uses]


def _use(use: Use, version: Version | None) -> UsedVersion:
    return {
        "name": use.name,
        "type": use.type,
        "version": use.number,
        "size_bytes": version.size_bytes if version else use.size_bytes,
        "created_at": version.created if version else use.at,
        "description": version.description or None if version else None,
        "aliases": version.artifact.aliases_of(version.number) if version else [],
        "lifecycle_stage": version.stage if version else None,
    }
