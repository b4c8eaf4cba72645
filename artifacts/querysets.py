"""Query sets of artifacts and their versions."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from runs.models import StorageRoot


class ArtifactQuerySet(models.QuerySet[Any]):
    def in_root(self, root: StorageRoot) -> ArtifactQuerySet:
        return self.filter(root=root)

    def listed(self) -> ArtifactQuerySet:
        """Return the artifacts with a version that is not deleted, the last updated first."""
        return self.filter(num_versions__gt=0).order_by("-updated", "-pk")

    def for_list(self, *, type: str | None = None, search: str = "") -> ArtifactQuerySet:
        """Return the listed artifacts of a type whose names contain all words, ignoring case."""
        found = self.listed()
        if type:
            found = found.filter(type=type)
        for word in search.split():
            found = found.filter(Q(name__icontains=word))
        return found


class VersionQuerySet(models.QuerySet[Any]):
    def indexed(self) -> VersionQuerySet:
        """Return the versions whose files are all indexed."""
        return self.exclude(signature="")

    def live(self) -> VersionQuerySet:
        return self.indexed().filter(deleted=None)
