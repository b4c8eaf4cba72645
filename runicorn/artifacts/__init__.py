"""Models, datasets and other files under version control, in the storage root beside the runs."""

from __future__ import annotations

from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.names import ArtifactType

__all__ = ["Artifact", "ArtifactError", "ArtifactType"]
