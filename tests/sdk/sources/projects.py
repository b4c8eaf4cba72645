"""Small projects whose sources are kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import keep
from runicorn.capture.sources.record import Sources
from runicorn.store import layout

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")


def git(folder: Path, *arguments: str) -> str:
    process = subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return process.stdout.strip()


def commit(folder: Path) -> str:
    """Make a folder a repository if it is none, and commit all of its files."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "state")
    return git(folder, "rev-parse", "HEAD")


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files by path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


class Project:
    """A program and a storage root; each `run` keeps its sources."""

    def __init__(self, place: Path) -> None:
        self.folder, self.root = place / "project", place / "store"
        self.folder.mkdir()
        self.root.mkdir(exist_ok=True)
        self.runs = 0

    def run(
        self,
        script: str = "train.py",
        folder: Path | None = None,
        began: float = 0.0,
        arguments: list[str] | None = None,
        **variables: str,
    ) -> Path:
        self.runs += 1
        run_dir = self.root / "p" / "n" / "runs" / f"20260101_000000_{self.runs:06d}"
        run_dir.mkdir(parents=True)
        layout.write_json(run_dir / layout.META, {"id": run_dir.name, "project": "p", "name": "n"})
        words = ["python", *(arguments or [script])]
        start = ProgramStart(
            str(folder or self.folder), words, [], script, {**os.environ, **variables}, began
        )
        keep.keep(self.root, run_dir, start)
        return run_dir

    def contents(
        self, script: str = "train.py", folder: Path | None = None, **variables: str
    ) -> dict[str, bytes]:
        sources = Sources(self.run(script, folder, **variables))
        return {path: sources.read(path) for path in sources.files}
