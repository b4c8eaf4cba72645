"""File systems mounted on folders of tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def read_only() -> Callable[[Path], Any]:
    """`with read_only(folder):` nothing below it can be written, not even by root."""

    @contextmanager
    def bind(folder: Path) -> Iterator[None]:
        with mounted(folder, "--bind", folder):
            mount("-o", "remount,bind,ro", folder)
            yield

    return bind


@contextmanager
def mounted(folder: Path, *what: Any) -> Iterator[None]:
    """Something mounted on a folder, and unmounted at the end."""
    mount(*what, folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(*arguments: Any) -> None:
    """Mount something; the test is skipped where this process may not."""
    process = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if process.returncode:
        pytest.skip(f"mount: {process.stderr.strip()}")
