"""Rows derived from the artifacts of a storage root; every one of them can be rebuilt from it.

Times are Unix seconds as floats and sizes bytes, as in the files and in every response.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import models

from artifacts.querysets import ArtifactQuerySet, VersionQuerySet
from runicorn.artifacts import names
from runs.models import Run, StorageRoot

if TYPE_CHECKING:
    from runicorn.api.responses.artifacts import Artifact as ArtifactEntry
    from runicorn.api.responses.artifacts import ArtifactDetail, ArtifactVersion
    from runicorn.artifacts import store

DELETED, CORRUPTED = "deleted", "corrupted"


class Artifact(models.Model):
    """One artifact of a store: type, name, and properties of all its versions."""

    root = models.ForeignKey(StorageRoot, on_delete=models.CASCADE, related_name="artifacts", db_index=False)
    type = models.CharField(max_length=names.TYPE_LENGTH)
    name = models.CharField(max_length=255)
    folder = models.CharField(max_length=1024)
    """Relative to the root, with forward slashes."""
    signature = models.CharField(max_length=64, default="")
    """State of its folder and those of its versions at the last read; unchanged folders are not read again."""
    stamp = models.BigIntegerField(default=0)
    """Modification time of its folder in nanoseconds, checked every second."""
    problems = models.JSONField(default=list)
    """Warnings about versions that could not be read."""

    created = models.FloatField(default=0.0)
    updated = models.FloatField(default=0.0)
    num_versions = models.IntegerField(default=0)
    """Number of versions that are not deleted."""
    latest = models.IntegerField(null=True)
    size_bytes = models.BigIntegerField(default=0)
    """Bytes of the latest version, including the declared sizes of references."""
    aliases = models.JSONField(default=dict)
    """Version numbers by alias."""

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["root", "type", "name"], name="artifact_once_per_root")
        ]
        indexes = [models.Index(fields=["root", "-updated", "-id"], name="artifact_updated")]

    def __str__(self) -> str:
        return f"{self.type}/{self.name}"

    @property
    def on_disk(self) -> store.ArtifactFolder:
        from runicorn.artifacts import store  # with hashing and copying, none of which a start needs

        root = Path(self.root.path)
        return store.ArtifactFolder(store.Store(root), self.type, self.name, root / self.folder)

    @property
    def named_versions(self) -> list[tuple[str, int]]:
        """Alias and number, by alias; `latest`, which moves automatically, comes first."""
        return sorted(self.aliases.items(), key=lambda pair: (pair[0] != names.LATEST, pair[0]))

    def aliases_of(self, number: int) -> list[str]:
        return [alias for alias, target in self.aliases.items() if target == number]

    def sum_up(self, aliases: Mapping[str, int]) -> None:
        """Set the properties of all versions that the sender of the request may read."""
        live = self.versions.live().order_by("number")
        numbers = list(live.values_list("number", "size_bytes"))
        readable = list(live.exclude(status=CORRUPTED, num_files=0).values_list("number", "size_bytes"))
        every = list(self.versions.indexed().values_list("created", "updated"))
        self.num_versions = len(numbers)
        self.latest, self.size_bytes = (readable or numbers)[-1] if numbers else (None, 0)
        there = {number for number, _ in numbers}
        self.aliases = {alias: number for alias, number in aliases.items() if number in there}
        self.created = min((created for created, _ in every), default=0.0)
        self.updated = max((max(created, updated) for created, updated in every), default=0.0)

    def to_dict(self) -> ArtifactEntry:
        return {
            "name": self.name,
            "type": self.type,
            "num_versions": self.num_versions,
            "latest_version": self.latest or 0,
            "version": self.latest or 0,
            "size_bytes": self.size_bytes,
            "created_at": self.created,
            "updated_at": self.updated,
            "aliases": self.aliases,
        }


class Version(models.Model):
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.IntegerField()
    signature = models.CharField(max_length=64, default="")
    """State of its folder when it was read; "" while its files are being indexed."""
    created = models.FloatField()
    updated = models.FloatField()
    run_id = models.CharField(max_length=255, default="")
    """The run that made it, even if that run is not in this store."""
    user = models.CharField(max_length=255, null=True)
    size_bytes = models.BigIntegerField()
    stored_bytes = models.BigIntegerField()
    """Bytes of its files; references are not counted."""
    num_files = models.IntegerField()
    references = models.JSONField(default=list)
    status = models.CharField(max_length=64, default="ready")
    """`ready` or `corrupted`, from the files; see `state`."""
    deleted = models.FloatField(null=True)
    description = models.TextField(default="")
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=80, default="")
    stage = models.CharField(max_length=32, default="experimental")
    curation = models.JSONField(default=dict)
    """Stage transitions, evaluations, and results of verifications."""

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "number"], name="version_once_per_artifact")
        ]
        indexes = [models.Index(fields=["run_id"], name="version_run")]

    def __str__(self) -> str:
        return f"{self.artifact.name}:v{self.number}"

    @property
    def state(self) -> str:
        """`ready`, `deleted` or `corrupted`."""
        return self.status if self.deleted is None else DELETED

    @property
    def problem(self) -> str | None:
        """Why its manifest cannot be read; None if it can."""
        return self.curation.get("problem") if self.status == CORRUPTED else None

    @property
    def on_disk(self) -> store.Version:
        return self.artifact.on_disk.version(self.number)

    def to_dict(self) -> ArtifactVersion:
        """Build the entry of a list."""
        return {
            "version": self.number,
            "created_at": self.created,
            "created_by_run": self.run_id or None,
            "size_bytes": self.size_bytes,
            "num_files": self.num_files,
            "status": self.state,
            "aliases": self.artifact.aliases_of(self.number),
        }

    def to_detail(self) -> ArtifactDetail:
        """Build everything except the files."""
        return {
            "name": self.artifact.name,
            "type": self.artifact.type,
            **self.to_dict(),
            "updated_at": self.updated,
            "created_by_user": self.user,
            "num_references": len(self.references),
            "metadata": self.metadata,
            "description": self.description,
            "tags": self.tags,
            "manifest_digest": self.manifest_digest,
            "deleted_at": self.deleted,
            "lifecycle_stage": self.stage,
            "verified_at": self.curation.get("verified_at"),
            "corrupted_files": self.curation.get("corrupted_files") or [],
            "problem": self.problem,
        }


class File(models.Model):
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="files", db_index=False)
    path = models.CharField(max_length=1024)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=80)
    modified = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="file_once_per_version")]
        indexes = [models.Index(fields=["digest"], name="file_digest")]

    def __str__(self) -> str:
        return self.path


class Links(models.Model):
    """The indexed state of a run's two lists of artifacts."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="artifact_links")
    signature = models.CharField(max_length=128, default="")

    def __str__(self) -> str:
        return str(self.run)


class Use(models.Model):
    """A run made or used a version. The version may be missing in this store."""

    MADE, USED = "made", "used"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifact_uses", db_index=False)
    kind = models.CharField(max_length=8)
    type = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    number = models.IntegerField()
    at = models.FloatField()
    size_bytes = models.BigIntegerField(default=0)
    position = models.IntegerField()
    """The order of logging."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "type", "name", "number"], name="use_once_per_run")
        ]
        indexes = [models.Index(fields=["type", "name", "number", "kind"], name="use_of_version")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}:v{self.number}"

    @property
    def key(self) -> tuple[str, str, int]:
        """Type, name and number of the version."""
        return self.type, self.name, self.number
