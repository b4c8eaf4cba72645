"""Find artifacts and versions of the active root, after refreshing their rows."""

from __future__ import annotations

from artifacts.errors import Ambiguous, NotFound
from artifacts.index import discovery, usage_links
from artifacts.models import Artifact, Version
from runicorn_site.web.readable import current
from runs.active_root import active_root
from runs.models import StorageRoot

LARGEST = 2**31 - 1


def catch_up_all(root: StorageRoot, *, thorough: bool = False) -> bool:
    """Refresh the rows of artifacts, and of the versions that runs made and used; return whether such runs changed.

    Args:
        thorough: scan the folders of all versions too.
    """
    discovery.refresh_all(root, thorough=thorough)
    return usage_links.catch_up_all(root)


def get_artifact(name: str, type: str | None = None) -> Artifact:
    """Return the refreshed artifact with a name in the active root."""
    root = active_root()
    discovery.refresh_named(root, name)
    matches = list(Artifact.objects.in_root(root).filter(name=name, **({"type": type} if type else {})))
    if not matches:
        raise NotFound("Artifact not found: {name}", name=name + (f" (type={type})" if type else ""))
    if len(matches) > 1:
        types = ", ".join(sorted(artifact.type for artifact in matches))
        raise Ambiguous(
            "Several artifacts are named {name}, of the types {types}: specify one with ?type=.",
            name=name,
            types=types,
        )
    artifact: Artifact = matches[0]
    artifact.root = root
    return readable(artifact)


def readable(artifact: Artifact) -> Artifact:
    """Return an artifact with the properties of those of its versions that the sender of the request may read."""
    if not current().is_everything:
        artifact.sum_up(artifact.aliases)
    return artifact


def get_version(name: str, number: int, type: str | None = None) -> Version:
    """Return a version, deleted or not.

    Raises:
        NotFound: no such artifact or version.
    """
    return version_of(get_artifact(name, type), number)


def version_of(artifact: Artifact, number: int) -> Version:
    """Return a version of an artifact, deleted or not."""
    version = find_version(artifact, number)
    if version is None:
        raise NotFound("Version not found: {name}:v{number}", name=artifact.name, number=number)
    return version


def find_version(artifact: Artifact, number: int) -> Version | None:
    """Return a version of an artifact, deleted or not, or None if it is missing."""
    version: Version | None = (
        artifact.versions.indexed().filter(number=number).first() if number <= LARGEST else None
    )
    if version is not None:
        version.artifact = artifact
    return version


def refresh(artifact: Artifact) -> Artifact:
    """Return the row of an artifact after its files were changed."""
    root = artifact.root
    row = discovery.refresh(root, artifact.on_disk) or artifact
    row.root = root
    return readable(row)
