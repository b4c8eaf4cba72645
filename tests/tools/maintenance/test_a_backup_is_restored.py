"""The commands of docs/guides/backup.md back a store up and restore it, and the restored one shows what the first did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import requests

from tests.documents.blocks import blocks
from tests.processes import PROJECT, Viewer, environment
from tests.tools.maintenance import damage
from tests.waiting import until

COMMANDS = [
    block.code for block in blocks(PROJECT / "docs" / "guides" / "backup.md") if block.language == "bash"
]
COMMAND = f'set -e\nrunicorn() {{ "{sys.executable}" -m runicorn "$@"; }}\n'


def _run(code: str, folder: Path) -> None:
    process = subprocess.run(
        ["bash", "-c", COMMAND + code],
        cwd=folder,
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_restore_drill_of_the_documentation(
    tmp_path: Path, home: Path, start_viewer: Callable[..., Viewer]
) -> None:
    damage.make_store(tmp_path / "store", tmp_path / "work")
    back_up, back_up_server, restore, restore_server = COMMANDS
    viewer = start_viewer(tmp_path / "store")
    _run(back_up + back_up_server, tmp_path)
    expected = _summary(viewer)
    viewer.stop()
    subprocess.run(["rm", "-rf", str(tmp_path / "store")], check=True)
    _run(restore + restore_server, tmp_path)
    assert _summary(start_viewer(tmp_path / "restored")) == expected


def _summary(viewer: Viewer) -> list[object]:
    """What a viewer says about the runs, their points and the artifacts of its store."""
    runs = until(lambda: _complete(viewer.get("/api/runs")))
    rows = [viewer.get(f"/api/runs/{run['id']}/metrics_step").json() for run in runs]
    assert [len(table["rows"]) for table in rows] == [300] * 3
    files = viewer.get("/api/artifacts/data/v2/files").json()["files"]
    digests = [(file["path"], file["digest"]) for file in files]
    names = [
        {key: run[key] for key in ("id", "name", "status", "records_written", "records_missing")}
        for run in runs
    ]
    return json.loads(json.dumps([names, rows, digests]))


def _complete(answer: requests.Response) -> list[dict[str, object]]:
    runs = answer.json()
    return runs if len(runs) == 3 and all(run["records_missing"] == 0 for run in runs) else []
