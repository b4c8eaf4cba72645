"""File systems that are full or read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mounted(path: Path, options: str) -> bool:
    """Mount a tmpfs at `path`; False, and said, without the privilege."""
    path.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    return process.returncode == 0


@contextmanager
def small_disk(path: Path, size: str = "256k") -> Iterator[Path]:
    """A file system of its own that is soon full."""
    if not mounted(path, f"size={size}"):
        pytest.skip("no privilege to mount a tmpfs: a file size limit stands for the full disk instead")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextmanager
def closed_folder(path: Path) -> Iterator[Path]:
    """A folder in which nothing can be made: a read-only mount for root, whom modes do not stop, else a mode."""
    path.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        path.chmod(0o500)
        try:
            yield path
        finally:
            path.chmod(0o700)
        return
    if not mounted(path, "ro,size=64k"):
        pytest.skip("root without the privilege to mount: no folder can be closed to it")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
