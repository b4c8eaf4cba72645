"""What can be wrong with an artifact, each said in one sentence."""

from __future__ import annotations


class ArtifactError(Exception):
    """Something about artifacts did not work; the text says what."""


class InvalidArtifact(ArtifactError, ValueError):
    """A name, type, alias, path or reference that cannot be one.

    Attributes:
        field: what was wrong, as it is called in a request; None where that is not one thing.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class ArtifactNotFound(ArtifactError, FileNotFoundError):
    """There is no such artifact, version or file."""


class AliasNotFound(ArtifactNotFound, ValueError):
    """Nothing has that alias."""


class AmbiguousArtifact(ArtifactError, ValueError):
    """Two types have an artifact of that name."""


class SourceChanged(ArtifactError, RuntimeError):
    """A file was written to while it was being stored."""


class DamagedFile(ArtifactError, RuntimeError):
    """A file in the store differs from what was stored."""


class NotSaved(ArtifactError, RuntimeError):
    """A version could not be written; the store is as it was before."""


class StoreBusy(ArtifactError, RuntimeError):
    """Another process is storing files, which excludes the operation."""
