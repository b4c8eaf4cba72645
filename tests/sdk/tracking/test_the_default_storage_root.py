"""The default storage root, and warnings about roots that may not last."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.settings import default_root
from tests.processes import environment
from tests.sdk.tracking.scripts import Script, only_run

BEGIN = "import runicorn as rn\nrun = rn.init(capture_env=False, system_metrics=False)\nrun.log(loss=1.0)\n"
HYDRA = """
import os
import hydra

@hydra.main(version_base=None, config_path=None)
def main(config):
    print("in", os.getcwd())
    import runicorn as rn
    rn.init(capture_env=False, system_metrics=False).log(loss=1.0)

main()
"""


def _run(
    text: str, folder: Path, home: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(text)
    return subprocess.run(
        [sys.executable, "script.py", *arguments],
        cwd=folder,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("where", "variables", "kind"),
    [
        ("job", {}, "a temporary folder"),
        ("ray/session_2026-01-01_1/working_dir", {}, "in the session folder of Ray"),
        ("job", {"TUNE_ORIG_WORKING_DIR": "/home/ada/train"}, "in the working directory of a Ray job"),
    ],
)
def test_a_default_root_in_a_folder_that_does_not_last_is_reported(
    tmp_path: Path, home: Path, where: str, variables: dict[str, str], kind: str
) -> None:
    process = _run(BEGIN * 2, tmp_path / where, home, TMPDIR=str(tmp_path), **variables)
    root = tmp_path / where / ".runicorn"
    assert (
        process.stderr.count(f"the run is stored in {root}, {kind}. To keep runs elsewhere: set RUNICORN_DIR")
        == 1
    )


def test_a_chosen_root_is_not_questioned(tmp_path: Path, home: Path) -> None:
    process = _run(BEGIN, tmp_path / "job", home, TMPDIR=str(tmp_path), RUNICORN_DIR=str(tmp_path / "kept"))
    assert "To keep runs" not in process.stderr and list((tmp_path / "kept").glob("*/*/runs/*"))


def test_the_original_working_directory_of_hydra_is_used(tmp_path: Path, home: Path) -> None:
    process = _run(HYDRA, tmp_path / "work", home, "hydra.job.chdir=True")
    assert "/outputs/" in process.stdout
    assert only_run(tmp_path / "work" / ".runicorn").steps() == [1]


def test_a_new_root_below_an_unmounted_mount_point_is_reported_once(
    begin: Callable[..., rn.Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "README").write_text("mount the disk here")
    (tmp_path / "fstab").write_text(f"# comment\n/dev/sdz1 {disk} ext4 defaults 0 2\n")
    monkeypatch.setattr(default_root, "FSTAB", str(tmp_path / "fstab"))
    for _ in range(2):
        begin(storage=disk / "store")
    notice = f"created a new storage root in {disk / 'store'}. No file system is mounted at {disk}"
    assert capsys.readouterr().err.count(notice) == 1


@pytest.mark.parametrize("files", [["train.py"], []])
def test_a_new_root_in_an_ordinary_folder_is_not_reported(
    begin: Callable[..., rn.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    (folder := tmp_path / "folder").mkdir()
    for name in files:
        (folder / name).touch()
    begin(storage=folder / "new")
    assert "storage root" not in capsys.readouterr().err


@pytest.mark.parametrize(("content", "is_reported"), [([], True), (["notes.txt"], False)])
def test_a_folder_where_disks_are_mounted_is_an_ordinary_one_if_it_has_other_files(
    begin: Callable[..., rn.Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: list[str],
    is_reported: bool,
) -> None:
    monkeypatch.setattr(default_root, "MOUNT_FOLDERS", (str(tmp_path / "mnt"),))
    (folder := tmp_path / "mnt" / "data").mkdir(parents=True)
    for name in content:
        (folder / name).touch()
    begin(storage=folder / "store")
    assert ("No file system is mounted" in capsys.readouterr().err) is is_reported


WRITER = """
run = rn.init("p", "n", run_id="20260101_000000_abcdef", resume=True, capture_env=False, system_metrics=False)
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


def test_two_live_processes_of_one_run_are_reported(script: Callable[..., Script]) -> None:
    first = script(WRITER)
    pid = first.hear()
    second = script(WRITER)
    second.hear()
    second.tell("end")
    assert second.end() == 0 and f"is being written by process {pid} too" in second.stderr
    first.tell("end")
    assert first.end() == 0 and "too; both" not in first.stderr
    third = script(WRITER)
    third.tell("end")
    assert third.end() == 0 and "too; both" not in third.stderr
