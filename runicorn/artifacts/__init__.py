"""Versioned models, datasets and other files in the storage root."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runicorn.artifacts.artifact import Artifact
    from runicorn.artifacts.errors import ArtifactError
    from runicorn.artifacts.names import ArtifactType
    from runicorn.artifacts.storage import ArtifactStorage, create_artifact_storage

__all__ = ["Artifact", "ArtifactError", "ArtifactStorage", "ArtifactType", "create_artifact_storage"]

_HOMES = {
    "Artifact": "artifact",
    "ArtifactError": "errors",
    "ArtifactStorage": "storage",
    "ArtifactType": "names",
    "create_artifact_storage": "storage",
}

# Hidden from type checkers, which accept any name of a module with a `__getattr__`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the module that defines a public name: a server that starts needs the errors alone."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from runicorn.store import descriptor_reserve

        return getattr(descriptor_reserve.load(f"{__name__}.{_HOMES[name]}"), name)
