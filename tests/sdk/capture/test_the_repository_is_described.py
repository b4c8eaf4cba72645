"""Commit, branch and uncommitted changes of real repositories; nothing of a repository's own is run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn.capture import git as described
from runicorn.capture.environment import EnvironmentCapture
from runicorn.capture.redaction import Masking
from runicorn.capture.subprocesses import Commands
from tests.processes import PROJECT
from tests.sdk.capture.repositories import git, repository


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with a commit."""
    return repository(tmp_path / "work")


def _of(folder: Path) -> dict[str, Any]:
    description = EnvironmentCapture(folder).get_git_info()
    assert description is not None
    return description


def test_a_clean_repository_has_commit_branch_and_author(work: Path) -> None:
    assert _of(work) == {
        "commit": git(work, "rev-parse", "HEAD"),
        "branch": "main",
        "has_changes": False,
        "changed_files_count": 0,
        "last_commit_author": "Ada <ada@example.org>",
        "last_commit_message": "Begin",
    }


def test_changes_are_counted_and_the_diff_can_be_applied(work: Path, tmp_path: Path) -> None:
    git(work, "clone", "-q", str(work), str(tmp_path / "other"))
    (work / "train.py").write_text("lr = 0.2\nbatch = 'größer'\n")
    (work / "staged.py").write_text("x = 1\n")
    git(work, "add", "staged.py")
    (work / "untracked.py").write_text("y = 1\n")

    description = _of(work)

    assert (
        description["has_changes"],
        description["changed_files_count"],
        description["diff_truncated"],
    ) == (True, 3, False)
    subprocess.run(
        ["git", "apply", "-"], input=description["diff"], text=True, cwd=tmp_path / "other", check=True
    )
    assert (tmp_path / "other" / "train.py").read_text() == "lr = 0.2\nbatch = 'größer'\n"
    assert (tmp_path / "other" / "staged.py").exists()


def test_the_diff_of_a_subfolder_is_that_of_the_whole_repository(work: Path) -> None:
    (work / "train.py").write_text("lr = 0.2\n")
    (work / "inner").mkdir()
    assert "+lr = 0.2" in _of(work / "inner")["diff"]


def test_a_diff_over_its_limit_ends_with_a_whole_line(work: Path) -> None:
    (work / "train.py").write_text("".join(f"line {n:08}\n" for n in range(100_000)))
    description = _of(work)
    assert description["diff_truncated"] is True
    assert described.DIFF_LIMIT - 100 < len(description["diff"]) <= described.DIFF_LIMIT
    assert description["diff"].endswith("\n")


def test_a_detached_head_and_a_repository_without_commits(work: Path, tmp_path: Path) -> None:
    git(work, "checkout", "-q", "--detach")
    assert _of(work)["branch"] == "HEAD"
    git(tmp_path, "init", "-q", "-b", "trunk", "empty")
    (tmp_path / "empty" / "a.py").write_text("")
    assert _of(tmp_path / "empty") == {"branch": "trunk", "has_changes": True, "changed_files_count": 1}


def test_a_remote_of_another_name_is_told_when_there_is_no_origin(work: Path) -> None:
    git(work, "remote", "add", "upstream", "https://me:pw@example.org/a.git")
    assert _of(work)["remote"] == "https://example.org/a.git"


def test_outside_of_a_repository_there_is_nothing(tmp_path: Path) -> None:
    assert described.Repository(tmp_path, Commands(), Masking({}), os.environ).describe() is None
    assert described.Repository(tmp_path / "missing", Commands(), Masking({}), os.environ).describe() is None


def test_without_git_there_is_nothing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert EnvironmentCapture(work).get_git_info() is None


def test_a_git_that_hangs_is_not_waited_for(
    work: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("git", "sleep 60")
    monkeypatch.setattr(described, "TIMEOUT", 0.2)
    began = time.monotonic()
    assert described.Repository(work, Commands(), Masking({}), os.environ).describe() is None
    assert time.monotonic() - began < 20


def test_nothing_that_the_repository_configures_is_run(work: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat /dev/null\n")
    trap.chmod(0o755)
    (work / ".gitattributes").write_text("*.py diff=trap\n")
    for name in ("diff.external", "diff.trap.textconv", "diff.trap.command", "core.fsmonitor", "core.pager"):
        git(work, "config", name, str(trap))
    (work / "train.py").write_text("lr = 0.2\n")

    assert "+lr = 0.2" in _of(work)["diff"]
    assert not (tmp_path / "sprung").exists()


def test_the_index_is_left_alone(work: Path) -> None:
    (work / "train.py").touch()
    before = (work / ".git" / "index").stat().st_mtime_ns
    _of(work)
    assert (work / ".git" / "index").stat().st_mtime_ns == before


def test_the_repository_of_the_script_is_taken_when_the_working_folder_has_none(
    work: Path, tmp_path: Path
) -> None:
    (work / "run.py").write_text(
        "from runicorn.capture.environment import EnvironmentCapture\nprint(EnvironmentCapture().get_git_info()['branch'])\n"
    )
    command = [sys.executable, str(work / "run.py")]
    answer = subprocess.check_output(
        command, cwd="/", text=True, env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    )
    assert answer.strip() == "main"
