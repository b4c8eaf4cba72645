"""Versions of a Runicorn 0.5 store are kept, also those that its SDK put into the wrong folder."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import verify
from runicorn.artifacts.store import Store
from tests.conftest import FIXTURE_STORE

Write = Callable[..., Path]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(FIXTURE_STORE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / FIXTURE_STORE.name.removesuffix(".tar.gz")


def _begin(root: Path) -> rn.Run:
    return rn.init("p", "n", storage=root, capture_env=False, system_metrics=False, mode="online")


def test_every_version_is_intact(old: Path) -> None:
    store = Store(old)
    versions_by_artifact = {
        f"{artifact.type}/{artifact.name}": artifact.numbers() for artifact in store.folders()
    }
    assert versions_by_artifact["model/resnet50-model"] == [1, 2, 3] and versions_by_artifact[
        "custom/eval report"
    ] == [1]
    for artifact in store.folders():
        for number in artifact.numbers():
            version = artifact.version(number)
            assert all(verify.is_whole(version.file_path(file.path), file) for file in version.manifest.files)
    assert store.find("resnet50-model").aliases() == {"latest": 3, "production": 2, "baseline": 1}


def test_an_old_artifact_can_be_used_and_continued(old: Path, write: Write) -> None:
    with _begin(old) as run:
        version = run.use_artifact("resnet50-model:production")
        assert version.version == 2 and version.tags == ["finetune"]
        assert (
            run.use_artifact("resnet50-model:v3").get_references()[0].uri
            == "s3://bucket/checkpoints/full.ckpt"
        )
        assert run.log_artifact(rn.Artifact("resnet50-model").add_file(write("w.bin"))) == 4
    assert Store(old).find("resnet50-model").aliases() == {"latest": 4, "production": 2, "baseline": 1}


def _misplace(old: Path) -> None:
    shutil.move(old / "artifacts/model", old / "artifacts/ArtifactType.MODEL")


def test_versions_in_the_wrong_folder_belong_to_their_type(old: Path, write: Write) -> None:
    _misplace(old)
    artifact = Store(old).find("resnet50-model")
    assert (artifact.type, artifact.numbers()) == ("model", [1, 2, 3])
    with _begin(old) as run:
        assert run.use_artifact("model/resnet50-model:v1").version == 1
        assert run.log_artifact(rn.Artifact("resnet50-model").add_file(write("w.bin"))) == 4
    moved = Store(old).find("resnet50-model")
    assert moved.path == old / "artifacts/model/resnet50-model" and moved.numbers() == [1, 2, 3, 4]


def test_neither_place_hides_the_other(old: Path) -> None:
    _misplace(old)
    shutil.copytree(
        old / "artifacts/ArtifactType.MODEL/resnet50-model/v1", old / "artifacts/model/resnet50-model/v1"
    )
    versions_by_artifact = {artifact.name: artifact.numbers() for artifact in Store(old).folders("model")}
    assert versions_by_artifact == {"resnet50-model": [1], "resnet50-model (ArtifactType.MODEL)": [1, 2, 3]}
    assert Store(old).find("resnet50-model (ArtifactType.MODEL)").aliases()["latest"] == 3


def test_a_failed_save_of_the_old_sdk_blocks_nothing(old: Path, write: Write) -> None:
    (old / "artifacts/model/resnet50-model/v4/files").mkdir(parents=True)
    with _begin(old) as run:
        assert run.log_artifact(rn.Artifact("resnet50-model").add_file(write("w.bin"))) == 5
    assert Store(old).find("resnet50-model").numbers() == [1, 2, 3, 5]
