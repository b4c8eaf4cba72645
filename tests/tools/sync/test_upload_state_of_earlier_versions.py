"""Upload state that an earlier version left in `.runicorn/shipping/`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.upload.state import UploadState
from tests.processes import Viewer
from tests.tools.sync.sending import sync


@pytest.fixture
def run(near: Path) -> rn.Run:
    """Create an ended run that was never uploaded."""
    with rn.init("p", "n", storage=near, capture_env=False, system_metrics=False, mode="online") as run:
        run.log({"loss": 1.0})
    return run


def leave_state(near: Path, run: rn.Run, url: str) -> None:
    """Write the state file of an earlier version."""
    folder = near / ".runicorn/shipping"
    folder.mkdir(parents=True)
    content = {
        "url": url,
        "sender": "a" * 32,
        "shipped": {"a.json": [1, 2, 3]},
        "versions": {"model/m:v1": 4},
    }
    (folder / f"{run.id}.json").write_text(json.dumps(content))


def test_the_server_of_an_earlier_version_needs_no_url(
    near: Path, run: rn.Run, home: Path, viewer: Viewer
) -> None:
    leave_state(near, run, viewer.url)
    ended = sync(near, home, run.id)
    assert ended.returncode == 0, ended.stderr
    assert viewer.get(f"/api/runs/{run.id}").json()["status"] == "finished"


def test_uploaded_files_and_versions_of_an_earlier_version_are_kept(near: Path, run: rn.Run) -> None:
    leave_state(near, run, "http://server:23300")
    state = UploadState(near, run.id).begin("http://server:23300")
    assert state.content["uploaded"] == {"a.json": [1, 2, 3]}
    assert (state.content["versions"], state.content["sender"]) == ({"model/m:v1": 4}, "a" * 32)


def test_the_current_state_wins(near: Path, run: rn.Run) -> None:
    UploadState(near, run.id).begin("http://new:23300")
    leave_state(near, run, "http://old:23300")
    assert UploadState(near, run.id).load().content["url"] == "http://new:23300"
