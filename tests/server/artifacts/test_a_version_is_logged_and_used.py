"""`log_artifact` makes the next version, `use_artifact` finds it by number and alias, and both are recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts.errors import ArtifactNotFound, InvalidArtifact

Write = Callable[..., Path]


def test_every_logging_makes_a_new_version(run: rn.Run, write: Write) -> None:
    artifact = rn.Artifact("model", metadata={"acc": 0.9}).add_file(write("w.bin")).add_tags("best", "best")
    assert artifact.full_name == "model:unstaged" and artifact.version is None and not artifact.is_loaded
    assert [run.log_artifact(artifact), run.log_artifact(artifact)] == [1, 2]
    assert artifact.full_name == "model:v2" and artifact.is_loaded
    assert repr(artifact) == "<Artifact model:v2 type=model>"
    metadata = artifact.get_metadata()
    assert metadata is not None
    assert (metadata.metadata, metadata.tags, metadata.created_by_run) == ({"acc": 0.9}, ["best"], run.id)


@pytest.mark.parametrize("spec", ["data:latest", "data:v2", "data:2", "dataset/data:latest", "data:V2"])
def test_a_version_is_found_by_number_and_alias(run: rn.Run, write: Write, spec: str) -> None:
    for text in ("one", "two"):
        run.log_artifact(rn.Artifact("data", rn.ArtifactType.DATASET).add_file(write("d.txt", text)))
    version = run.use_artifact(artifact_spec=spec)
    assert (version.version, version.type) == (2, "dataset")
    assert version.get_file_path("d.txt").read_text() == "two"
    assert type(version.type) is str


def test_made_and_used_versions_are_recorded_with_the_run(run: rn.Run, write: Write) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", b"12345")).add_reference("s3://b/k", size=10))
    run.use_artifact("m:latest")
    run.use_artifact("m:v1")
    outputs = json.loads((run.run_dir / "artifacts_created.json").read_text())["artifacts"]
    inputs = json.loads((run.run_dir / "artifacts_used.json").read_text())["artifacts"]
    assert [(m["name"], m["type"], m["version"], m["size_bytes"], m["num_files"]) for m in outputs] == [
        ("m", "model", 1, 15, 1)
    ]
    assert [(u["name"], u["version"]) for u in inputs] == [("m", 1)]


def test_folders_keep_their_paths(run: rn.Run, write: Write) -> None:
    write("data/a.txt", "a")
    folder = write("data/deep/b.txt", "b").parents[1]
    write("data/skip.pyc")
    run.log_artifact(
        rn.Artifact("d", "dataset")
        .add_dir(folder, "train", exclude_patterns=["*.pyc"])
        .add_dir(folder / "deep")
    )
    manifest = run.use_artifact("d:latest").get_manifest()
    assert manifest is not None
    assert [file.path for file in manifest.files] == ["b.txt", "train/a.txt", "train/deep/b.txt"]
    assert len({file.digest for file in manifest.files}) == 2


def test_a_version_is_downloaded_completely(run: rn.Run, write: Write, tmp_path: Path) -> None:
    big = bytes(range(256)) * 10_000
    run.log_artifact(
        rn.Artifact("m").add_file(write("w.bin", big), "deep/w.bin").add_file(write("empty", ""))
    )
    target = run.use_artifact("m:latest").download(tmp_path / "out")
    assert (target / "deep/w.bin").read_bytes() == big and (target / "empty").read_bytes() == b""
    assert sorted(path.name for path in target.rglob("*") if path.is_file()) == ["empty", "w.bin"]
    (target / "empty").write_text("mine")  # a copy is the reader's own
    assert run.use_artifact("m:latest").get_file_path("empty").read_bytes() == b""


def test_missing_artifacts_and_versions_are_errors(run: rn.Run, write: Write) -> None:
    with pytest.raises(ArtifactNotFound, match="Artifact not found: m"):
        run.use_artifact("m:latest")
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin")))
    with pytest.raises(FileNotFoundError, match="Version not found: m:v9"):
        run.use_artifact("m:v9")
    with pytest.raises(
        ValueError, match=r"Alias not found: prod for artifact m. Available aliases: \['latest'\]"
    ):
        run.use_artifact("m:prod")
    with pytest.raises(ValueError, match="format 'name:version'"):
        run.use_artifact("m")
    with pytest.raises(InvalidArtifact, match="no files and no references"):
        run.log_artifact(rn.Artifact("empty"))
    with pytest.raises(TypeError, match="takes an Artifact, not str"):
        run.log_artifact("m")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="is not loaded"):
        rn.Artifact("m").download()


def test_a_name_in_two_types_requires_the_type(run: rn.Run, write: Write) -> None:
    for kind in ("model", "dataset"):
        run.log_artifact(rn.Artifact("x", kind).add_file(write(kind, kind)))
    with pytest.raises(ValueError, match="types model, dataset"):
        run.use_artifact("x:latest")
    assert run.use_artifact("dataset/x:latest").get_file_path("dataset").read_text() == "dataset"


def test_a_silent_run_keeps_nothing_and_finds_what_is_there(run: rn.Run, folder: Path, write: Write) -> None:
    run.log_artifact(rn.Artifact("d", "dataset").add_file(write("d.txt", "x")))
    before = sorted(folder.rglob("*"))
    silent = rn.init("p", "n", storage=folder, mode="disabled")
    assert silent.log_artifact(rn.Artifact("m").add_file(write("w.bin"))) == 0
    assert silent.use_artifact("d:latest").get_file_path("d.txt").read_text() == "x"
    assert not silent.use_artifact("other:latest").is_loaded
    silent.finish()
    assert sorted(folder.rglob("*")) == before


def test_module_functions_use_the_active_run(run: rn.Run, write: Write) -> None:
    assert rn.log_artifact(rn.Artifact("m").add_file(write("w.bin"))) == 1
    assert rn.use_artifact("m:1").version == 1
