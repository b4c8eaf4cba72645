"""Stores old enough that manifests trust their modification times."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runicorn.store.run_files import priority_of
from tests.folders import write_run

LONG_AGO = time.time() - 2 * 86_400


def write_store(root: Path, count: int, *, projects: int = 3, names: int = 2) -> list[Path]:
    """Create `count` runs that ended long ago and return their folders."""
    folders = []
    for number in range(count):
        project, name = f"project{number % projects}", f"name{number % names}"
        run_id = write_run(
            root,
            project,
            name,
            run_id=f"20260101_{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}_{number:06x}",
            metrics=[{"loss": 1 / (step + 1)} for step in range(20)],
            summary={"number": number},
            config={"lr": 0.1},
            logs=f"this is run {number}\n" * 20,
            created_at=LONG_AGO - number,
        )
        folder = root / project / name / "runs" / run_id
        (folder / "media" / "1_picture.png").write_bytes(b"\x89PNG" + run_id.encode())
        folders.append(folder)
    age(root)
    return folders


def put(path: Path, text: str) -> None:
    """Replace a file atomically, as the SDK does."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.replace(path)


def age(root: Path, seconds: float = 2 * 86_400) -> None:
    """Set the modification times of everything below a folder to `seconds` ago."""
    then = time.time() - seconds
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            os.utime(os.path.join(folder, name), (then, then))
        os.utime(folder, (then, then))


def contents(root: Path) -> dict[str, bytes]:
    """Return the content of the files of all runs by path."""
    contents = {}
    for folder in [*root.glob("*/*/runs/*"), *root.glob("runs/*")]:
        for path in folder.rglob("*"):
            if path.is_file() and priority_of(path.relative_to(folder).as_posix()) is not None:
                contents[path.relative_to(root).as_posix()] = path.read_bytes()
    return contents
