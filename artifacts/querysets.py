"""Query sets of artifacts and their versions."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from runicorn_site.web.readable import current
from runs.models import Run, StorageRoot


class ArtifactQuerySet(models.QuerySet[Any]):
    def in_root(self, root: StorageRoot) -> ArtifactQuerySet:
        """Return the artifacts of a root that have a version that the sender of the request may read."""
        artifacts = self.filter(root=root)
        if current().is_everything:
            return artifacts
        versions = self.model._meta.get_field("versions").related_model
        return artifacts.filter(Exists(versions.objects.indexed().filter(artifact=OuterRef("pk"))))

    def with_live_versions(self) -> ArtifactQuerySet:
        """Return the artifacts with a version that is not deleted, the last updated first."""
        return self.filter(num_versions__gt=0).order_by("-updated", "-pk")

    def for_list(self, *, type: str | None = None, search: str = "") -> ArtifactQuerySet:
        """Return the listed artifacts of a type whose names contain all words, ignoring case."""
        artifacts = self.with_live_versions()
        if type:
            artifacts = artifacts.filter(type=type)
        for word in search.split():
            artifacts = artifacts.filter(Q(name__icontains=word))
        return artifacts


def of_readable_runs() -> Q:
    """Return the condition that the run of a version may be read, or that a version was made without a run.

    The project of a run that was removed is unknown, so that its versions may not be read.
    """
    here = Run.objects.filter(current().condition("project"), root=OuterRef("artifact__root"))
    return Q(run_id="") | Q(Exists(here.filter(run_id=OuterRef("run_id"))))


class VersionQuerySet(models.QuerySet[Any]):
    def indexed(self) -> VersionQuerySet:
        """Return the versions whose files are all indexed, and that the sender of the request may read."""
        versions = self.exclude(signature="")
        return versions if current().is_everything else versions.filter(of_readable_runs())

    def live(self) -> VersionQuerySet:
        return self.indexed().filter(deleted=None)
