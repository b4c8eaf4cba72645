"""The verbs of artifacts: files first, through `runicorn.artifacts`, then the rows that follow them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db.models import Max, Sum

from artifacts.errors import Ambiguous, NotFound, Refused, answered
from artifacts.index import discovery, usage_links
from artifacts.models import Artifact, File, Version
from runicorn.artifacts import curation, garbage, names, store
from runicorn.artifacts import verify as verifying
from runicorn.settings.capabilities import require
from runs.active_root import active_root
from runs.models import StorageRoot

LARGEST = 2**31 - 1
STAGES = ("experimental", "staging", "production", "archived")
TRANSITIONS = {
    "experimental": ("staging", "archived"),
    "staging": ("production", "experimental", "archived"),
    "production": ("staging", "archived"),
    "archived": ("experimental",),
}
"""Where a version may go from a stage."""
PRODUCTION = "production"
MOST_RECORDS = 1000
"""Transitions or evaluations of one version that are kept."""


def catch_up_all(root: StorageRoot, *, thorough: bool = False) -> None:
    """Bring the rows of artifacts and of what runs made and used up to date.

    Args:
        root: whose.
        thorough: look at the folders of all versions too.
    """
    discovery.refresh_all(root, thorough=thorough)
    usage_links.catch_up_all(root)


def get_artifact(name: str, type: str | None = None) -> Artifact:
    """The artifact of a name in the active root, as its folder is now.

    Raises:
        NotFound: there is none.
        Ambiguous: two types have one.
    """
    root = active_root()
    discovery.refresh_named(root, name)
    found = list(Artifact.objects.in_root(root).filter(name=name, **({"type": type} if type else {})))
    if not found:
        raise NotFound(f"Artifact not found: {name}" + (f" (type={type})" if type else ""))
    if len(found) > 1:
        types = ", ".join(sorted(artifact.type for artifact in found))
        raise Ambiguous(f"There are artifacts {name} of the types {types}: say which with ?type=.")
    found[0].root = root
    return found[0]


def get_version(name: str, number: int, type: str | None = None) -> Version:
    """A version, deleted or not.

    Raises:
        NotFound: there is no such artifact or version.
        Ambiguous: two types have an artifact of that name.
    """
    return version_of(get_artifact(name, type), number)


def version_of(artifact: Artifact, number: int) -> Version:
    """A version of an artifact, deleted or not.

    Raises:
        NotFound: it is not there.
    """
    version = find_version(artifact, number)
    if version is None:
        raise NotFound(f"Version not found: {artifact.name}:v{number}")
    return version


def find_version(artifact: Artifact, number: int) -> Version | None:
    """Return a version of an artifact, deleted or not, or None if it is missing."""
    version: Version | None = (
        artifact.versions.whole().filter(number=number).first() if number <= LARGEST else None
    )
    if version is not None:
        version.artifact = artifact
    return version


def soft_delete(*, version: Version) -> Version:
    """Put a version into the recycle bin; once, however often.

    Raises:
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    return _changed(version, curation.soft_delete)


def restore(*, version: Version) -> Version:
    """Take a version back out of the recycle bin.

    Raises:
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    return _changed(version, curation.restore)


def delete_for_good(*, version: Version) -> int:
    """Remove a version and what no other holds; the bytes that this freed.

    Raises:
        ReadOnlyStore, NotWritten: it could not be removed.
    """
    require("permanent-deletion")
    with answered():
        freed = curation.delete_for_good(version.on_disk)
    refresh(version.artifact)
    return freed


def freed_by(*, versions: Collection[Version]) -> int:
    """Bytes that deleting these versions of one root for good would free; changes nothing.

    Raises:
        NotFound: one of them is gone.
        ReadOnlyStore, NotWritten: a file cannot be read.
    """
    with answered():
        going = [version.artifact.on_disk.existing(version.number) for version in versions]
        return garbage.freed_by(going[0].artifact.store, going) if going else 0


def change_tags(*, version: Version, add: Iterable[str] = (), remove: Collection[str] = ()) -> Version:
    """Add tags to those that a version has, and take others away.

    Raises:
        Refused: one of them cannot be a tag, or there would be too many.
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    kept = [tag for tag in version.on_disk.metadata.tags if tag not in remove]
    return describe(version=version, tags=list(dict.fromkeys([*kept, *add])))


def describe(
    *,
    version: Version,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: list[str] | None = None,
) -> Version:
    """Replace what is said of a version; what is not given stays.

    Raises:
        Refused: a text is too long, or the metadata is not JSON.
        ReadOnlyStore, NotWritten: nothing was changed.
    """

    def change(on_disk: store.Version) -> None:
        curation.describe(on_disk, description=description, metadata=metadata, tags=tags)

    return _changed(version, change)


def set_alias(*, artifact: Artifact, alias: str, number: int) -> Artifact:
    """Let an alias mean a version.

    Raises:
        Refused: it is no alias that can be set.
        NotFound: the version is not there, or deleted.
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    with answered():
        curation.set_alias(artifact.on_disk, alias, number)
    return refresh(artifact)


def remove_alias(*, artifact: Artifact, alias: str) -> Artifact:
    """Let an alias mean nothing any more.

    Raises:
        Refused: it is no alias that can be removed.
        NotFound: there is none of that name.
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    with answered():
        curation.remove_alias(artifact.on_disk, alias)
    return refresh(artifact)


def promote(*, version: Version, to_stage: str, notes: str | None, evaluator_run_id: str | None) -> Version:
    """Take a version to another stage; the version in production has the alias `production`.

    Raises:
        Refused: there is no such stage, or no way there from where it is.
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    if to_stage not in STAGES:
        raise Refused(f"Invalid target stage: {to_stage}. Must be one of {list(STAGES)}", "to_stage")

    def step(known: dict[str, Any]) -> dict[str, Any]:
        # Where it is now is looked at while nobody else can move it.
        before = stage_of(known.get("lifecycle_stage") or version.stage)
        if to_stage not in TRANSITIONS[before]:
            raise Refused(f"Invalid transition from {before} to {to_stage}", "to_stage")
        record = {
            "from_stage": before,
            "to_stage": to_stage,
            "timestamp": time.time(),
            "notes": notes,
            "evaluator_run_id": evaluator_run_id,
        }
        return {"lifecycle_stage": to_stage, **_added(known, "stage_transitions", record)}

    def change(on_disk: store.Version) -> None:
        curation.note(on_disk, step)
        if to_stage == PRODUCTION and not on_disk.is_deleted():
            curation.set_alias(on_disk.artifact, PRODUCTION, version.number)
        elif to_stage != PRODUCTION and on_disk.artifact.aliases().get(PRODUCTION) == version.number:
            curation.remove_alias(on_disk.artifact, PRODUCTION)

    return _changed(version, change)


def stage_of(word: object) -> str:
    """The stage that a word of the store means; one that is none is the first."""
    return word if isinstance(word, str) and word in STAGES else STAGES[0]


def evaluate(*, version: Version, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Record how a version did; the record with its id.

    Raises:
        ReadOnlyStore, NotWritten: nothing was changed.
    """
    now = time.time()
    record = {
        "id": f"{version.artifact.name}_v{version.number}_{int(now * 1000)}",
        "model_name": version.artifact.name,
        "model_version": version.number,
        "evaluation_date": now,
        **evaluation,
    }

    def change(on_disk: store.Version) -> None:
        curation.note(on_disk, lambda known: _added(known, "evaluations", record))

    _changed(version, change)
    return record


def verify(*, version: Version) -> verifying.VerifyResult:
    """Read every byte of a version and record whether all is as it was stored.

    Raises:
        Damaged: its manifest cannot be read.
        ReadOnlyStore, NotWritten: the outcome could not be recorded.
    """
    with answered():
        verdict = verifying.verify(version.on_disk)
    refresh(version.artifact)
    return verdict


def garbage_in(root: StorageRoot) -> garbage.Garbage:
    """What could be thrown away in a root.

    Raises:
        Busy: somebody is storing files.
        Damaged: a manifest cannot be read, so that it is not known what may go.
    """
    with answered():
        return garbage.find(store.Store(Path(root.path)))


def collect_garbage(*, root: StorageRoot, promised: garbage.Garbage | None = None) -> garbage.Garbage:
    """Throw away what no version holds, and nothing beyond what was promised.

    Raises:
        Busy, Damaged: as `garbage_in`.
        ReadOnlyStore, NotWritten: something could not be removed.
    """
    with answered():
        return garbage.collect(store.Store(Path(root.path)), promised)


def statistics(root: StorageRoot) -> dict[str, Any]:
    """Sums over all artifacts of a root, from the rows; sizes in bytes."""
    discovery.refresh_all(root)
    versions = Version.objects.whole().filter(artifact__root=root)
    by_type = {}
    kinds = Artifact.objects.in_root(root).listed().order_by().values_list("type", flat=True).distinct()
    for kind in sorted(kinds, key=lambda kind: (kind not in names.TYPES, kind)):
        of_type = versions.filter(artifact__type=kind, deleted=None)
        sums = of_type.aggregate(size=Sum("stored_bytes"), count=Sum("num_files"))
        count = Artifact.objects.in_root(root).listed().filter(type=kind).count()
        if count:
            by_type[kind] = {"count": count, "versions": of_type.count(), "size_bytes": sums["size"] or 0}
    sums = versions.aggregate(size=Sum("stored_bytes"), count=Sum("num_files"))
    contents = File.objects.filter(version__artifact__root=root).values("digest").annotate(size=Max("size"))
    size, pool = sums["size"] or 0, contents.aggregate(total=Sum("size"))["total"] or 0
    return {
        "total_artifacts": Artifact.objects.in_root(root).listed().count(),
        "total_versions": versions.filter(deleted=None).count(),
        "total_size_bytes": size,
        "total_files": sums["count"] or 0,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": pool,
        "space_saved_bytes": size - pool,
        "dedup_ratio": (size - pool) / size if size else 0.0,
        "by_type": by_type,
    }


def refresh(artifact: Artifact) -> Artifact:
    """The row of an artifact after its files were changed."""
    root = artifact.root
    row = discovery.refresh(root, artifact.on_disk) or artifact
    row.root = root
    return row


def _changed(version: Version, change: Callable[[store.Version], None]) -> Version:
    with answered():
        change(version.on_disk)
    return version_of(refresh(version.artifact), version.number)


def _added(known: dict[str, Any], what: str, record: dict[str, Any]) -> dict[str, Any]:
    before = known.get(what)
    return {what: [*(before if isinstance(before, list) else []), record][-MOST_RECORDS:]}
