"""The data directory on a full disk: the viewer starts, and reports that runs print no link to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Viewer


def test_a_viewer_starts_though_it_cannot_write_its_address(
    folder: Path, home: Path, start_viewer: Callable[..., Viewer]
) -> None:
    start_viewer(folder).stop()  # creates the database
    place = home / "data" / "viewers"
    if not shutil.which("mount"):
        pytest.skip("no mount command")
    place.mkdir(exist_ok=True)
    process = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if process.returncode:
        pytest.skip("this user cannot mount a file system")
    try:
        (place / "other.bin").write_bytes(bytes(4096))
        viewer = start_viewer(folder)
        assert viewer.get("/api/health").status_code == 200
        assert not list(place.glob("*.json"))
        viewer.stop()
    finally:
        subprocess.run(["umount", str(place)], check=True)
    log = viewer.log.read_text()
    assert "No space left" in log and "print no link" in log and "Traceback" not in log
