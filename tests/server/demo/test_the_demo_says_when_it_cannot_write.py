"""`runicorn demo` trains nothing when nothing would be kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.demo.conftest import demo


def test_a_root_that_cannot_be_made_is_not_available(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = demo(tmp_path / "file" / "store", tmp_path / "home")
    assert ended.returncode == 4
    assert ended.stderr == f"runicorn: cannot write to {tmp_path}/file/store: Not a directory.\n"


def test_a_disabled_tracker_is_wrong_usage(tmp_path: Path) -> None:
    ended = demo(tmp_path / "store", tmp_path / "home", RUNICORN_MODE="disabled")
    assert ended.returncode == 2
    assert "RUNICORN_MODE is disabled" in ended.stderr
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("runs", ["0", "1000", "many"])
def test_a_count_out_of_range_is_wrong_usage(tmp_path: Path, runs: str) -> None:
    assert demo(tmp_path / "store", tmp_path / "home", "--runs", runs).returncode == 2
