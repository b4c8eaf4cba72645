"""A remote store on a real network file system: sshfs, which caches file sizes for seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runicorn._platform import is_network_filesystem
from runicorn.remote_protocol import LaunchRequest
from runicorn_site.database import state_dir
from tests.folders import append_metrics, write_run
from tests.server.remote.viewer_process import TOKEN, RemoteViewerProcess
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.needs("sshfs")]
REMEMBERS = 2
"""Seconds for which the file system caches sizes."""


@pytest.fixture
def mounted(sshd: Sshd, remote_store: Path, tmp_path: Path) -> Iterator[Path]:
    """The mounted store, while others write to `remote_store`."""
    if os.getuid() != 0 or not os.access("/dev/fuse", os.W_OK):
        pytest.skip("a network file system was not seen: nothing can be mounted here")
    place = tmp_path / "mounted"
    place.mkdir()
    settings = {
        "IdentityFile": sshd.key,
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "dcache_timeout": REMEMBERS,
        "dcache_stat_timeout": REMEMBERS,
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    there = f"{sshd.username}@{sshd.host}:{remote_store}"
    command = ["sshfs", "-f", "-p", str(sshd.port), *options, there, str(place)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until(lambda: place.is_mount() or process.poll() is not None)
    if not place.is_mount():
        assert process.stderr is not None
        pytest.skip(f"a network file system was not seen: {process.stderr.read().decode().strip()}")
    yield place
    subprocess.run([shutil.which("umount") or "/usr/bin/umount", "-l", str(place)], check=True)
    process.terminate()
    process.wait(60)
    if process.stderr is not None:
        process.stderr.close()


def test_runs_on_a_network_file_system_are_shown_live_and_no_viewer_file_is_stored_on_it(
    mounted: Path, remote_store: Path, tmp_path: Path
) -> None:
    run_id = write_run(remote_store, metrics=[{"loss": 0.5}], status="running")
    before = sorted(path.name for path in remote_store.rglob("*"))
    assert is_network_filesystem(mounted)
    side = RemoteViewerProcess(LaunchRequest("s", TOKEN, str(mounted)), tmp_path / "far home")
    try:
        assert side.report.root == str(mounted)

        def losses() -> list[float]:
            metrics = side.get(f"/api/runs/{run_id}/metrics").json()
            return [row["loss"] for row in metrics["rows"]]

        until(lambda: losses() == [0.5])
        for number in range(1, 4):
            append_metrics(
                remote_store, "vision", "resnet", run_id, [{"loss": number, "global_step": number + 1}], 2e9
            )
            until(lambda: losses() == [0.5, *range(1, number + 1)])  # noqa: B023 - at once
        maps = psutil.Process(side.report.pid).memory_maps(grouped=True)
        assert not [mapping.path for mapping in maps if mapping.path.startswith(str(mounted))]
        assert sorted(path.name for path in remote_store.rglob("*")) == before
    finally:
        side.stop()


def test_no_database_is_created_on_a_network_file_system(
    mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_DATA_DIR", str(mounted / "data"))
    monkeypatch.setattr(state_dir, "LOCAL_STATE", tmp_path)
    assert tmp_path / f"runicorn-{os.getuid()}" in state_dir.state_directory().parents
