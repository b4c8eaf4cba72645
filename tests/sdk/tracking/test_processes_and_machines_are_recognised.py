"""Which process a pid meant, on which machine, and what kind of file system a path is on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runicorn import _platform
from tests.waiting import until


@pytest.fixture
def process() -> subprocess.Popen[bytes]:
    """A process that waits until its stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def test_this_process_is_not_gone() -> None:
    start = _platform.process_start_time(os.getpid())
    assert start is not None and start > 0
    assert not _platform.process_gone(os.getpid(), start, _platform.boot_id())
    assert not _platform.process_gone(os.getpid(), None, "")


def test_a_pid_with_another_start_is_another_process() -> None:
    start = _platform.process_start_time(os.getpid())
    assert start is not None and _platform.process_gone(os.getpid(), start - 1, _platform.boot_id())


def test_another_boot_means_gone() -> None:
    assert _platform.process_gone(os.getpid(), _platform.process_start_time(os.getpid()), "another")


@pytest.mark.parametrize("pid", [0, -1, -5, 2**22 + 1, 2**70])
def test_an_unused_pid_is_gone(pid: int) -> None:
    assert _platform.process_gone(pid, None, "")


def test_the_process_of_another_user_is_not_gone() -> None:
    assert not _platform.process_gone(1, _platform.process_start_time(1), _platform.boot_id())


def test_a_process_is_gone_when_it_waits_to_be_reaped_and_after(process: subprocess.Popen[bytes]) -> None:
    start, boot = _platform.process_start_time(process.pid), _platform.boot_id()
    assert not _platform.process_gone(process.pid, start, boot)
    process.kill()
    until(lambda: _platform.process_gone(process.pid, start, boot))
    process.communicate()
    assert (
        _platform.process_gone(process.pid, start, boot) and _platform.process_start_time(process.pid) is None
    )


def test_the_machine_is_named_but_not_given_away() -> None:
    assert len(_platform.machine_id()) == 32 and _platform.machine_id() == _platform.machine_id()
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        assert not path.exists() or path.read_text().strip() != _platform.machine_id()


def test_local_file_systems_are_local(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "not" / "there", Path("/"), Path("/proc")):
        assert not _platform.is_network_filesystem(path)


def test_the_mount_that_holds_the_path_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        "2 1 0:5 / /data rw,relatime shared:1 - nfs4 server:/x rw\n"
        "3 2 8:2 / /data/local\\040disk rw - ext4 /dev/b rw\n"
        "4 1 0:6 / /twice rw - ext4 /dev/c rw\n"
        "5 1 0:7 / /twice rw - fuse.sshfs host: rw\n"
    )
    monkeypatch.setattr(_platform.folders, "MOUNTS", str(table))
    network = {
        path: _platform.is_network_filesystem(path)
        for path in ("/data/x", "/data/local disk/x", "/twice", "/database")
    }
    assert network == {"/data/x": True, "/data/local disk/x": False, "/twice": True, "/database": False}


def test_a_lock_keeps_others_out_until_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _platform.file_lock(path), pytest.raises(BlockingIOError), _platform.file_lock(path, blocking=False):
        pass
    with _platform.file_lock(path, blocking=False):
        pass


def test_a_lock_falls_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    text = f"from runicorn import _platform as _os\nwith _os.file_lock({str(path)!r}):\n    print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", text], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), _platform.file_lock(path, blocking=False):
            pass
        holder.kill()
        holder.wait()
    with _platform.file_lock(path, blocking=False):
        pass
