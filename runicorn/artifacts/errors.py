"""Errors of artifacts."""

from __future__ import annotations

from runicorn.message import Message


class ArtifactError(Exception):
    """Base class of the errors of artifacts."""

    def __init__(self, sentence: str = "", **values: object) -> None:
        """Create an error with a sentence, or with a template and its values."""
        super().__init__(Message(sentence, **values))


class InvalidArtifact(ArtifactError, ValueError):
    """A name, type, alias, path or reference is invalid.

    Attributes:
        field: the invalid field of a request; None if it is not a single field.
    """

    def __init__(self, sentence: str, field: str | None = None, **values: object) -> None:
        super().__init__(sentence, **values)
        self.field = field


class ArtifactNotFound(ArtifactError, FileNotFoundError):
    """The artifact, version or file does not exist."""


class AliasNotFound(ArtifactNotFound, ValueError):
    """The alias does not exist."""


class AmbiguousArtifact(ArtifactError, ValueError):
    """Artifacts of different types have this name."""


class SourceChanged(ArtifactError, RuntimeError):
    """A file was written to while it was being stored."""


class DamagedFile(ArtifactError, RuntimeError):
    """A file in the store differs from what was stored."""


class NotSaved(ArtifactError, RuntimeError):
    """A version could not be written; the store is as it was before."""


class StoreBusy(ArtifactError, RuntimeError):
    """Another process is storing files, so the operation cannot run now."""


class BadPool(ArtifactError, ValueError):
    """The pool of artifacts is configured wrongly, or belongs to another store."""


class PoolUnavailable(ArtifactError, OSError):
    """The bucket with the contents cannot be used now.

    Attributes:
        code: error code of the server, or the kind of the failure.
    """

    def __init__(self, sentence: str, code: str = "", **values: object) -> None:
        super().__init__(sentence, code=code, **values)
        self.code = code
