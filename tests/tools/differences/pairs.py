"""Two runs in a store, with the files that a difference reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import keep
from runicorn.store import layout
from runicorn_tools.differences.facts import RunFacts

BEGIN = 1_768_404_645.0


class Pair:
    """A store with runs of one project, numbered from 1."""

    def __init__(self, place: Path) -> None:
        self.root, self.project = place / "store", place / "project"
        self.root.mkdir(exist_ok=True)
        self.project.mkdir()
        self._count = 0

    def run(
        self,
        config: dict[str, Any] | None = None,
        files: dict[str, str | bytes] | None = None,
        used: list[dict[str, Any]] | None = None,
        meta: dict[str, Any] | None = None,
        run_id: str = "",
        **environment: Any,
    ) -> RunFacts:
        """Write a run; with `files` its sources are the project with these files alone."""
        self._count += 1
        run_id = run_id or f"20260101_000000_{self._count:06d}"
        folder = self.root / "p" / "n" / "runs" / run_id
        folder.mkdir(parents=True)
        about = {"id": run_id, "project": "p", "name": "n", "created_at": float(self._count)}
        layout.write_json(folder / layout.META, about | (meta or {}))
        layout.write_json(folder / layout.STATUS, {"status": "finished"})
        os.utime(folder / layout.STATUS, (BEGIN, BEGIN))  # long ago: nothing more is stored
        if config is not None:
            layout.write_json(folder / layout.CONFIG, config)
        if environment:
            layout.write_json(folder / layout.ENVIRONMENT, environment)
        if used:
            layout.write_json(folder / layout.ARTIFACTS_USED, {"artifacts": used})
        if files is not None:
            self.state(files)
            keep.keep(self.root, folder, ProgramStart(str(self.project), [], [], "", {}))
        return RunFacts(self.root, folder)

    def state(self, files: dict[str, str | bytes]) -> None:
        """Make these the files of the project."""
        for path in sorted(self.project.rglob("*"), reverse=True):
            if path.is_file() and ".git" not in path.parts:
                path.unlink()
        for name, content in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
