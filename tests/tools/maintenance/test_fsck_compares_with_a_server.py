"""`runicorn fsck --server` reports what a server lacks, or has with another content."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from runicorn.api import transport
from runicorn_tools.cli import app
from tests.processes import Viewer, free_port
from tests.tools.maintenance import damage


def _fsck(root: Path, url: str) -> tuple[int, list[tuple[str, str]]]:
    result = CliRunner().invoke(app, ["fsck", "--json", "--storage", str(root), "--server", url])
    answer: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, [(finding["kind"], finding["path"]) for finding in answer["findings"]]


def test_files_are_compared_by_digest(
    tmp_path: Path, home: Path, start_viewer: Callable[..., Viewer]
) -> None:
    here = tmp_path / "here"
    damage.make_store(here, tmp_path / "work")
    there = damage.copy_store(here, tmp_path / "there")
    viewer = start_viewer(there, RUNICORN_RATE_LIMIT="off")
    assert _fsck(here, viewer.url) == (0, [])
    first, second, third = sorted(path.relative_to(here) for path in here.glob("p/n*/runs/*"))
    journal = there / first / "events.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"acc":0.5,', b'"acc":0.7,'))
    (media,) = (there / second / "media").glob("*rows*")
    media.unlink()
    assert _fsck(here, viewer.url) == (
        1,
        [
            ("differs-on-server", f"{first}/events.jsonl"),
            ("not-on-server", str(media.relative_to(there))),
        ],
    )
    (there / third / "config.json").unlink()
    assert ("not-on-server", f"{third}/config.json") in _fsck(here, viewer.url)[1]


def test_versions_of_artifacts_are_compared_by_their_contents_whatever_their_numbers(
    tmp_path: Path, home: Path, start_viewer: Callable[..., Viewer]
) -> None:
    here = tmp_path / "here"
    damage.make_store(here, tmp_path / "work")
    there = damage.copy_store(here, tmp_path / "there")
    viewer = start_viewer(there, RUNICORN_RATE_LIMIT="off")
    assert _fsck(here, viewer.url) == (0, [])
    assert requests.delete(f"{viewer.url}/api/artifacts/data/v1", timeout=30).status_code == 200
    assert _fsck(here, viewer.url) == (1, [("not-on-server", "artifacts/dataset/data/v1")])


def test_a_server_that_does_not_respond_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)
    root = tmp_path / "store"
    damage.make_store(root, tmp_path / "work")
    result = CliRunner().invoke(
        app, ["fsck", "--storage", str(root), "--server", f"http://127.0.0.1:{free_port()}"]
    )
    assert result.exit_code == 4 and "could be reached" in result.output
