"""Changes to existing versions: delete, restore, set aliases, describe. Files only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from runicorn import _platform
from runicorn.artifacts import garbage, index, names
from runicorn.artifacts.errors import ArtifactNotFound, InvalidArtifact
from runicorn.artifacts.store import (
    CURATION,
    GONE,
    HIGHEST,
    METADATA,
    ArtifactFolder,
    Version,
    fitting,
    write_small,
)
from runicorn.store import layout

DESCRIPTION_LENGTH = 10_000
TAGS = 100
TAG_LENGTH = 100


def soft_delete(version: Version, by: str = "user") -> None:
    """Move a version to the recycle bin and remove its aliases. Idempotent."""
    artifact = version.artifact
    with artifact.lock():
        artifact.changeable(version.number)
        if not version.is_deleted():
            mark = {
                "deleted_at": time.time(),
                "deleted_by": by,
                "version": version.number,
                "artifact_name": artifact.name,
            }
            write_small(version.path / layout.DELETED, mark)
        index.rewrite(artifact)


def restore(version: Version) -> None:
    """Restore a version from the recycle bin. Idempotent."""
    artifact = version.artifact
    with artifact.lock():
        artifact.changeable(version.number)
        (version.path / layout.DELETED).unlink(missing_ok=True)
        _platform.fsync_directory(version.path)
        index.rewrite(artifact)


def delete_for_good(version: Version) -> int:
    """Delete a version and the contents that no other version uses; return the bytes freed.

    If another process is storing files, the contents are left to the next garbage collection.

    Raises:
        OSError: it could not be removed; it is unchanged, or gone with its contents left to garbage collection.
    """
    artifact = version.artifact
    with artifact.lock():
        artifact.changeable(version.number)
        digests = garbage.digests_of(version)
        _platform.replace_file(artifact.path / HIGHEST, str(artifact.highest()).encode())
        removed = artifact.path / f"{GONE}{os.getpid()}-{os.urandom(6).hex()}"
        os.rename(version.path, removed)
        index.rewrite(artifact)
    return garbage.discard(artifact.store, removed, digests)


def set_alias(artifact: ArtifactFolder, alias: str, number: int) -> None:
    """Point an alias to a version.

    Raises:
        InvalidArtifact: the alias is invalid or reserved.
        ArtifactNotFound: the version does not exist, or is deleted.
    """
    names.check_alias(alias)
    with artifact.lock():
        if number not in artifact.live():
            raise ArtifactNotFound("Version not found: {name}:v{number}", name=artifact.name, number=number)
        index.rewrite(artifact, artifact.aliases() | {alias: number})


def remove_alias(artifact: ArtifactFolder, alias: str) -> None:
    """Remove an alias.

    Raises:
        InvalidArtifact: the alias is invalid or reserved.
    """
    names.check_alias(alias)
    with artifact.lock():
        aliases = artifact.aliases()
        if alias not in aliases:
            raise ArtifactNotFound(
                "Alias not found: {alias} for artifact {name}", alias=alias, name=artifact.name
            )
        del aliases[alias]
        index.rewrite(artifact, aliases)


def describe(
    version: Version,
    *,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: list[str] | None = None,
    status: str | None = None,
) -> None:
    """Replace the given fields of a version; others stay. Duplicate tags are dropped.

    Raises:
        InvalidArtifact: a text is too long, or the metadata cannot be written as JSON.
    """
    unique = None if tags is None else list(dict.fromkeys(tags))
    requested = {"description": description, "metadata": metadata, "tags": unique, "status": status}
    changes = {key: value for key, value in requested.items() if value is not None}
    check_texts(description, tags)
    with version.artifact.lock():
        version.artifact.changeable(version.number)
        if not changes:
            return
        metadata_after = replace(version.metadata, **changes, updated_at=time.time())  # type: ignore[arg-type]
        try:
            content = layout.json_content(metadata_after.to_dict())
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidArtifact(
                "The metadata cannot be written as JSON: {error}.", "metadata", error=error
            ) from error
        _platform.replace_file(version.path / METADATA, fitting(METADATA, content))
        index.rewrite(version.artifact)


def check_texts(description: str | None, tags: list[str] | None) -> None:
    """Check description and tags of a version.

    Raises:
        InvalidArtifact: a text is too long, there are too many tags, or a tag is invalid.
    """
    if description is not None and len(description) > DESCRIPTION_LENGTH:
        raise InvalidArtifact(
            "The description must not have more than {most} characters.",
            "description",
            most=DESCRIPTION_LENGTH,
        )
    if tags is not None:
        if len(tags) > TAGS:
            raise InvalidArtifact("At most {most} tags are allowed.", "tags", most=TAGS)
        if any(not tag.strip() or len(tag) > TAG_LENGTH or layout.CONTROL.search(tag) for tag in tags):
            raise InvalidArtifact(
                "A tag must have 1 to {most} characters, none of them a control character.",
                "tags",
                most=TAG_LENGTH,
            )


def note(version: Version, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Record changes to a version that `metadata.json` cannot hold, since Runicorn 0.5 must be able to read it.

    Args:
        change: returns the new fields, given the current ones.

    Raises:
        InvalidArtifact: the file would exceed the limit for reading.
    """
    with version.artifact.lock():
        version.artifact.changeable(version.number)
        before = version.curation
        write_small(version.path / CURATION, {**before, **change(before)})
        with suppress(OSError):  # by this readers see that something is new
            os.utime(version.artifact.path)
