"""Questions that pages and answers ask of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from runs.models import Run, StorageRoot


class RunQuerySet(models.QuerySet["Run"]):
    """Runs of a store, by the questions the screens ask."""

    def in_root(self, root: StorageRoot) -> RunQuerySet:
        """Every run of one storage root, deleted ones too."""
        return self.filter(root=root)

    def live(self) -> RunQuerySet:
        """Runs that are not in the recycle bin."""
        return self.filter(deleted=None)
