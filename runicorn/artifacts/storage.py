"""`ArtifactStorage`, the interface to a store's artifacts of Runicorn 0.5."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runicorn.artifacts.names import Spec
from runicorn.artifacts.store import Store
from runicorn.store.notices import say

if TYPE_CHECKING:
    from runicorn.api.responses.artifacts import Artifact, ArtifactVersion, StoreStatistics
    from runicorn.artifacts.manifest import Manifest, Metadata


class ArtifactStorage:
    """Artifacts of one storage root."""

    def __init__(self, storage_root: str | os.PathLike[str]) -> None:
        self.storage_root = Path(storage_root)
        self._store = Store(self.storage_root)

    def list_artifacts(self, type: str | None = None) -> list[Artifact]:
        """Return the artifacts, or those of a type; unreadable ones are reported and left out."""
        from runicorn.artifacts import responses

        return responses.list_artifacts(self._store, type, say)

    def list_versions(self, name: str, type: str | None = None) -> list[ArtifactVersion]:
        from runicorn.artifacts import responses

        return responses.list_versions(self._store.find(name, type), say)

    def load_artifact(
        self, name: str, type: str | None = None, version: int | None = None, alias: str | None = None
    ) -> tuple[Metadata, Manifest]:
        """Return metadata and manifest of a version, the latest by default.

        Raises:
            ValueError: both `version` and `alias` are given.
        """
        if version is not None and alias is not None:
            raise ValueError("Cannot specify both version and alias")
        resolved = self._store.resolve(Spec(name, type, version, None if version else alias or "latest"))
        return resolved.metadata, resolved.manifest

    def get_storage_stats(self) -> StoreStatistics:
        from runicorn.artifacts import responses

        return responses.statistics(self._store, say)


def create_artifact_storage(storage_root: str | os.PathLike[str]) -> ArtifactStorage:
    return ArtifactStorage(storage_root)
