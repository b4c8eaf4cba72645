"""Deleting, restoring, aliases and descriptions: files first, and `latest` moves automatically."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import curation, garbage
from runicorn.artifacts.errors import ArtifactNotFound, DamagedFile, InvalidArtifact, StoreBusy
from runicorn.artifacts.store import ArtifactFolder, Store

Write = Callable[..., Path]


@pytest.fixture
def model(run: rn.Run, shelves: Store, write: Write) -> ArtifactFolder:
    """Three versions: v1 and v2 share a file, and each has one that no other has."""
    shared = write("shared.bin", b"s" * 1000)
    for number in (1, 2, 3):
        artifact = rn.Artifact("m").add_file(write(f"own-{number}", b"%d" % number * 100), "own")
        run.log_artifact(artifact.add_file(shared) if number < 3 else artifact)
    return shelves.find("m")


def test_a_deleted_version_is_no_longer_latest(run: rn.Run, model: ArtifactFolder) -> None:
    curation.set_alias(model, "prod", 3)
    curation.soft_delete(model.existing(3))
    curation.soft_delete(model.existing(3))
    assert model.aliases() == {"latest": 2}
    assert run.use_artifact("m:latest").version == 2
    with pytest.raises(ArtifactNotFound, match="deleted, and can be restored"):
        run.use_artifact("m:v3")
    curation.restore(model.existing(3))
    assert model.aliases() == {"latest": 3}
    assert run.use_artifact("m:v3").get_file_path("own").read_bytes() == b"3" * 100


def test_a_number_is_never_used_twice(run: rn.Run, model: ArtifactFolder, write: Write) -> None:
    for number in (1, 2, 3):
        curation.delete_for_good(model.existing(number))
    assert model.numbers() == [] and model.aliases() == {}
    assert run.log_artifact(rn.Artifact("m").add_file(write("own-4"))) == 4


def test_deleting_for_good_frees_what_no_other_version_holds(either: str, model: ArtifactFolder) -> None:
    # Made without the switch: as root copies, else links; what is freed is counted as the disk counts.
    copies = 1 if model.store.pool.blob(model.existing(1).manifest.files[0].digest).stat().st_nlink > 1 else 2
    assert curation.delete_for_good(model.existing(1)) >= 100
    assert not garbage.find(model.store).blobs
    freed = curation.delete_for_good(model.existing(2))
    assert freed >= 1100 * copies
    held = {entry.name for entry in model.store.pool.blobs()}
    assert held == {file.digest[7:] for file in model.existing(3).manifest.files}


def test_aliases_move_and_go(model: ArtifactFolder) -> None:
    curation.set_alias(model, "prod", 1)
    curation.set_alias(model, "prod", 2)
    curation.set_alias(model, "best", 2)
    assert model.aliases() == {"latest": 3, "prod": 2, "best": 2}
    assert json.loads((model.path / "versions.json").read_text())["versions"][1]["aliases"] == [
        "prod",
        "best",
    ]
    curation.remove_alias(model, "prod")
    with pytest.raises(ArtifactNotFound, match="Alias not found: prod"):
        curation.remove_alias(model, "prod")
    with pytest.raises(ArtifactNotFound, match="Version not found: m:v9"):
        curation.set_alias(model, "best", 9)
    with pytest.raises(InvalidArtifact):
        curation.set_alias(model, "v2", 2)
    assert model.aliases() == {"latest": 3, "best": 2}


def test_description_metadata_and_tags_are_replaced(model: ArtifactFolder) -> None:
    before = model.existing(2).metadata
    curation.describe(model.existing(2), description="the good one", tags=["a"])
    curation.describe(model.existing(2), metadata={"acc": 0.9})
    metadata = model.existing(2).metadata
    assert (metadata.description, metadata.tags, metadata.metadata) == ("the good one", ["a"], {"acc": 0.9})
    assert metadata.created_at == before.created_at and metadata.updated_at > before.updated_at
    for bad in (
        {"tags": [" "]},
        {"tags": ["x" * 101]},
        {"description": "x" * 10_001},
        {"metadata": {"a": object()}},
    ):
        with pytest.raises(InvalidArtifact):
            curation.describe(model.existing(2), **bad)  # type: ignore[arg-type]
    assert model.existing(2).metadata == metadata


def test_a_collection_frees_what_it_promised(model: ArtifactFolder, write: Write) -> None:
    store = model.store
    shutil.rmtree(model.path / "v1")  # by hand: its content is an orphan now
    rest = model.path / ".saving-1-dead"
    rest.mkdir()
    (rest / "file").write_bytes(b"r" * 50)
    (store.pool.incoming / "torn").write_bytes(b"t" * 7)
    removable = garbage.find(store)
    assert removable.bytes == 100 + 50 + 7
    assert garbage.collect(store, removable) == removable
    assert garbage.find(store) == garbage.Garbage()
    assert not rest.exists()


def test_nothing_is_collected_that_is_not_known_to_be_free(model: ArtifactFolder) -> None:
    store = model.store
    (model.path / "v2" / "manifest.json").write_text("{")
    with pytest.raises(DamagedFile):
        garbage.collect(store)
    with store.pool.in_use(), pytest.raises(StoreBusy, match="being stored"):
        garbage.find(store)
    with model.lock(), pytest.raises(StoreBusy, match="m is being written"):
        garbage.find(store)
