"""Change versions and aliases: the files first, then the rows that follow them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from artifacts.errors import NotFound, http_errors
from artifacts.models import Artifact, Version
from artifacts.services.lookup import refresh, version_of
from runicorn.artifacts import curation, store
from runicorn.settings.capabilities import require
from runicorn_site.web.readable import current

MOST_RECORDS = 1000
"""Maximum number of stored stage transitions or evaluations of a version."""


def soft_delete(*, version: Version) -> Version:
    """Move a version to the recycle bin; does nothing if it is there."""
    return apply_change(version, curation.soft_delete)


def restore(*, version: Version) -> Version:
    """Restore a version from the recycle bin."""
    return apply_change(version, curation.restore)


def delete_for_good(*, version: Version) -> int:
    """Delete a version and the contents that no other needs, and return the freed bytes."""
    require("permanent-deletion")
    with http_errors():
        freed = curation.delete_for_good(version.on_disk)
    refresh(version.artifact)
    return freed


def change_tags(*, version: Version, add: Iterable[str] = (), remove: Collection[str] = ()) -> Version:
    """Add and remove tags of a version.

    Raises:
        InvalidValue: a tag is invalid, or there would be too many.
    """
    retained = [tag for tag in version.on_disk.metadata.tags if tag not in remove]
    return describe(version=version, tags=list(dict.fromkeys([*retained, *add])))


def describe(
    *,
    version: Version,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: list[str] | None = None,
) -> Version:
    """Replace description, metadata or tags of a version; None keeps the current value.

    Raises:
        InvalidValue: a text is too long, or the metadata is not JSON.
    """

    def change(on_disk: store.Version) -> None:
        curation.describe(on_disk, description=description, metadata=metadata, tags=tags)

    return apply_change(version, change)


def set_alias(*, artifact: Artifact, alias: str, number: int) -> Artifact:
    """Set an alias to a version.

    Raises:
        InvalidValue: the alias is invalid or reserved.
        NotFound: the version is missing or deleted.
    """
    version_of(artifact, number)
    with http_errors():
        curation.set_alias(artifact.on_disk, alias, number)
    return refresh(artifact)


def remove_alias(*, artifact: Artifact, alias: str) -> Artifact:
    """Remove an alias.

    Raises:
        InvalidValue: the alias is reserved.
    """
    if not current().is_everything and alias not in artifact.aliases:
        raise NotFound("Alias not found: {alias} for artifact {name}", alias=alias, name=artifact.name)
    with http_errors():
        curation.remove_alias(artifact.on_disk, alias)
    return refresh(artifact)


def apply_change(version: Version, change: Callable[[store.Version], None]) -> Version:
    """Change the files of a version, and return its refreshed row."""
    with http_errors():
        change(version.on_disk)
    return version_of(refresh(version.artifact), version.number)


def append_record(records: object, record: Mapping[str, object]) -> list[object]:
    """Return the last `MOST_RECORDS` of a list with `record` appended; anything but a list counts as empty."""
    return [*(records if isinstance(records, list) else []), record][-MOST_RECORDS:]
