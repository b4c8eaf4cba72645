"""A link within the folder is the file it leads to; one that leads out, to a folder or nowhere is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn

Write = Callable[..., Path]


@pytest.fixture
def linked(write: Write, tmp_path: Path) -> Path:
    folder = write("data/real.txt", "real").parent
    write("outside/secret.txt", "secret")
    (folder / "within.txt").symlink_to("real.txt")
    (folder / "out.txt").symlink_to("../outside/secret.txt")
    (folder / "folder").symlink_to("../outside")
    (folder / "nowhere").symlink_to("gone")
    (folder / "cycle").symlink_to(".")
    return folder


def _paths(artifact: rn.Artifact) -> list[str]:
    manifest = artifact.get_manifest()
    assert manifest is not None
    return [file.path for file in manifest.files]


def test_links_out_are_recorded(run: rn.Run, linked: Path) -> None:
    artifact = rn.Artifact("d", "dataset").add_dir(linked, "train")
    run.log_artifact(artifact)
    assert _paths(artifact) == ["train/real.txt", "train/within.txt"]
    recorded = {reference.metadata["path"]: reference for reference in artifact.get_references()}
    assert sorted(recorded) == ["train/cycle", "train/folder", "train/nowhere", "train/out.txt"]
    out = recorded["train/out.txt"]
    assert out.metadata["symlink"] == "../outside/secret.txt"
    assert out.uri.startswith("file:///") and out.uri.endswith("outside/secret.txt")


def test_links_are_followed_on_request_and_cycles_end(run: rn.Run, linked: Path) -> None:
    (linked / "nowhere").unlink()
    artifact = rn.Artifact("d", "dataset").add_dir(linked, follow_symlinks=True)
    run.log_artifact(artifact)
    assert _paths(artifact) == ["folder/secret.txt", "out.txt", "real.txt", "within.txt"]
    assert artifact.get_file_path("folder/secret.txt").read_text() == "secret"


def test_special_files_are_reported(run: rn.Run, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    import os

    folder = write("data/a.txt").parent
    os.mkfifo(folder / "pipe")
    run.log_artifact(rn.Artifact("d", "dataset").add_dir(folder))
    assert "1 pipes, sockets or devices" in capsys.readouterr().err
