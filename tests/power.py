"""Power cuts: an ext4 image on a loop device, and copies of what has reached the device."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until

SIZE = 24 * 1024 * 1024


class Disk:
    """A mounted file system whose block device is a file."""

    def __init__(self, image: Path, mounted: Path) -> None:
        self.image = image
        self.path = mounted

    @contextmanager
    def after_power_cut(self, copy: Path) -> Iterator[Path]:
        """Mount a copy of the device as it is now: what the kernel had not written yet is not in it."""
        copy.write_bytes(until(self._snapshot))
        with _mounted(copy, copy.with_suffix(".mounted")) as path:
            yield path
        copy.unlink()

    def _snapshot(self) -> bytes:
        """Read the device; empty if it was written to meanwhile, since such a mixture has never been on it."""
        first = self.image.read_bytes()
        return first if first == self.image.read_bytes() else b""


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Make and mount a small ext4 file system; skip, and say so, where this machine does not allow it."""
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(SIZE)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no mkfs.ext4: power cuts are not tested on this machine")
    with _mounted(image, folder / "mounted") as path:
        yield Disk(image, path)


@contextmanager
def _mounted(image: Path, path: Path) -> Iterator[Path]:
    path.mkdir(exist_ok=True)
    process = subprocess.run(["mount", "-o", "loop", str(image), str(path)], capture_output=True, text=True)
    if process.returncode:
        pytest.skip(
            f"no loop device can be mounted, so power cuts are not tested here: {process.stderr.strip()}"
        )
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
