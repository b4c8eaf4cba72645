"""What the tests of the exchange share: a store with everything in it, and its archive."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.store import find
from runicorn_tools.archives import write as exporting
from tests.documents.store import RUN, SECOND, write_store


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """The store of the documents: three runs with metrics, logs and media, three versions of two artifacts."""
    root = tmp_path / "full"
    write_store(root)
    folder = root / "vision" / "resnet" / "runs" / RUN
    (folder / "curation.json").write_text(
        json.dumps({"tags": ["kept"], "description": "a note", "pinned": True})
    )
    with (folder / "events.jsonl").open("a") as journal:
        journal.write('{"ts": 5.0, "type": "metrics", "data": {"loss": NaN, "global_step": 301}}\n')
        for name in ("clip.webm", "report.html", "cloud.pts.json"):
            (folder / "media" / name).write_bytes(name.encode())
            about = {"key": "other", "path": f"media/{name}", "step": 1}
            journal.write(json.dumps({"ts": 5.0, "type": "image", "data": about}) + "\n")
    (folder / ".artifacts.lock").unlink()
    (folder.parent / SECOND / "media").rmdir()
    for path in root.rglob("*"):  # zip files tell times in 100 ns
        if path.is_file():
            exact = path.stat().st_mtime_ns // 1000 * 1000
            os.utime(path, ns=(exact, exact))
    return root


@pytest.fixture
def pack() -> Callable[..., Path]:
    """`pack(root, "x.zip")`: the whole store as an archive beside it, with its artifacts."""

    def write(root: Path, name: str = "whole.zip", **options: bool) -> Path:
        path, runs, versions = root.parent / name, list(find.all_runs(root)), exporting.all_versions(root)
        entries = [*exporting.run_entries(root, runs), *exporting.version_entries(root, versions)]
        about = exporting.about(runs, versions)
        make = exporting.write_zip if name.endswith(".zip") else exporting.write_tar
        exporting.to_file(path, lambda file: make(file, about, entries, **options))
        return path

    return write
