"""Copies of source files, and of nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from runicorn.capture import snapshot
from runicorn.capture.environment import EnvironmentCapture


def _tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_sources_are_copied_and_listed(tmp_path: Path) -> None:
    code = _tree(
        tmp_path / "code",
        "train.py",
        "net/model.py",
        "conf/a.yaml",
        "data.bin",
        ".secret/key.py",
        ".env.py",
        "venv/lib/x.py",
        "__pycache__/x.py",
    )
    (code / "link.py").symlink_to(code / "train.py")

    assert EnvironmentCapture().capture_code_snapshot(code, tmp_path / "out") is True

    about = json.loads((tmp_path / "out" / "snapshot_info.json").read_text())
    assert about["files"] == ["conf/a.yaml", "net/model.py", "train.py"]
    assert about["source_dir"] == str(code)
    assert abs(about["timestamp"] - time.time()) < 60
    assert (tmp_path / "out" / "net" / "model.py").read_text() == "net/model.py"


def test_other_endings_can_be_chosen_and_large_files_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _tree(tmp_path / "code", "a.cu", "b.py", "large.cu")
    (code / "large.cu").write_bytes(bytes(snapshot.FILE_LIMIT + 1))
    assert snapshot.copy_sources(code, tmp_path / "out", [".cu"]) == ["a.cu"]
    assert json.loads((tmp_path / "out" / "snapshot_info.json").read_text())["too_large"] == 1


def test_a_snapshot_inside_of_the_sources_does_not_hold_itself(tmp_path: Path) -> None:
    code = _tree(tmp_path / "code", "a.py")
    for _ in range(2):
        assert snapshot.copy_sources(code, code / "out") == ["a.py"]


def test_nothing_to_copy_is_false_and_a_missing_folder_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert EnvironmentCapture().capture_code_snapshot(tmp_path / "empty", tmp_path / "out") is False
    with pytest.raises(FileNotFoundError):
        snapshot.copy_sources(tmp_path / "missing", tmp_path / "out")
