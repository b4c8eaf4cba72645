"""Versioned models, datasets and other files in the storage root."""

from __future__ import annotations

from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.names import ArtifactType
from runicorn.artifacts.storage import ArtifactStorage, create_artifact_storage

__all__ = ["Artifact", "ArtifactError", "ArtifactStorage", "ArtifactType", "create_artifact_storage"]
