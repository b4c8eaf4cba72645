"""Questions that the screens and routes ask of artifacts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs.models import StorageRoot


class ArtifactQuerySet(models.QuerySet):
    """Artifacts."""

    def in_root(self, root: StorageRoot) -> ArtifactQuerySet:
        """Those of one storage root."""
        return self.filter(root=root)

    def listed(self) -> ArtifactQuerySet:
        """Those that have a version that is not deleted, the last updated first."""
        return self.filter(num_versions__gt=0).order_by("-updated", "-pk")

    def for_list(self, *, type: str | None = None, search: str = "") -> ArtifactQuerySet:
        """Those of a type whose name holds all words, in any case."""
        found = self.listed()
        if type:
            found = found.filter(type=type)
        for word in search.split():
            found = found.filter(Q(name__icontains=word))
        return found


class VersionQuerySet(models.QuerySet):
    """Versions."""

    def whole(self) -> VersionQuerySet:
        """Those whose files have all been taken in."""
        return self.exclude(signature="")

    def live(self) -> VersionQuerySet:
        """Those that are whole and not deleted."""
        return self.whole().filter(deleted=None)
