"""Artifacts that a run creates and uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runicorn.settings import user
from runicorn.store import descriptor_reserve, fork_lock
from runicorn.store.run_folder import RunFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runicorn.artifacts.artifact import Artifact
    from runicorn.artifacts.store import Version


def create(folder: RunFolder, run_id: str, artifact: Artifact) -> Version:
    """Store an artifact as its next version, and record that the run created it.

    Raises:
        ArtifactError: the version could not be created.
    """
    with fork_lock.lock(), descriptor_reserve.released():
        from runicorn.artifacts.artifact import Artifact
        from runicorn.artifacts.records import record_created
        from runicorn.artifacts.store import Store

    if not isinstance(artifact, Artifact):
        raise TypeError(f"log_artifact takes an Artifact, not {type(artifact).__name__}.")
    version = artifact.log_to(Store(folder.root), run_id)
    _record(folder, record_created, version)
    return version


def use(folder: RunFolder, spec: str) -> Artifact:
    """Return a version from the store, and record that the run used it.

    Raises:
        ArtifactError: the version does not exist, or the text is malformed.
    """
    with fork_lock.lock():
        from runicorn.artifacts.records import record_used

    artifact, version = find(folder.root, spec)
    _record(folder, record_used, version)
    return artifact


def find(root: Path, spec: str) -> tuple[Artifact, Version]:
    """Return a version from the store, without a record."""
    with fork_lock.lock():
        from runicorn.artifacts.artifact import Artifact
        from runicorn.artifacts.names import parse_spec
        from runicorn.artifacts.store import Store

    version = Store(root).resolve(parse_spec(spec))
    if (pinned := _pinned(version)) is not None:
        version = version.artifact.existing(pinned)
    return Artifact.of(version), version


def _pinned(version: Version) -> int | None:
    """Return the number that `RUNICORN_ARTIFACT_VERSIONS` sets for an artifact: `type/name:v3`, separated by commas."""
    setting = user.get("RUNICORN_ARTIFACT_VERSIONS")
    for entry in setting.split(",") if setting else ():
        key, _, number = entry.rpartition(":v")
        if key == f"{version.artifact.type}/{version.artifact.name}" and number.isdigit():
            return int(number)
    return None


def _record(folder: RunFolder, how: Callable[[Path, Version], None], version: Version) -> None:
    try:
        folder.check()
        how(folder.path, version)
    except OSError as error:
        folder.report_error(f"the record of {version}", error)
    folder.stir()
