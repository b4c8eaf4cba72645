"""`runicorn generate-manifest`, called by a user or a timer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.processes import PROJECT, environment
from tests.tools.sync.stores import write_store


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runicorn", "generate-manifest", *arguments]
    return subprocess.run(
        command, env=environment(home), cwd=home.parent, capture_output=True, text=True, check=False
    )


def test_the_command_writes_a_manifest_and_summarizes_it(folder: Path, home: Path) -> None:
    write_store(folder, 3)
    process = run(home, "--root", str(folder), "--verbose")
    assert process.returncode == 0, process.stderr
    assert "full manifest, revision 1: 3 runs, 21 files" in process.stdout
    assert f"{folder / '.runicorn' / 'full_manifest.json.gz'}\n" in process.stdout
    assert (folder / ".runicorn" / "full_manifest.json.gz").exists()


def test_timers_of_runicorn_05_go_on(folder: Path, home: Path) -> None:
    write_store(folder, 1)
    command = [sys.executable, "-m", "runicorn.manifest.cli", "--active", "--json"]
    env = environment(home, PYTHONPATH=str(PROJECT), RUNICORN_DIR=str(home))
    process = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["path"] == str(folder / ".runicorn" / "active_manifest.json")


def test_the_command_prints_json_for_programs(folder: Path, home: Path, tmp_path: Path) -> None:
    write_store(folder, 2)
    target = tmp_path / "mine.json"
    process = run(
        home,
        "--storage",
        str(folder),
        "--active",
        "--active-window",
        "1000000",
        "--output",
        str(target),
        "--no-incremental",
        "--json",
    )
    answer = json.loads(process.stdout)
    assert (answer["type"], answer["total_experiments"], answer["path"]) == ("active", 2, str(target))
    assert json.loads(target.read_text())["snapshot_id"] == answer["snapshot_id"]


def test_a_missing_root_is_reported(home: Path, tmp_path: Path) -> None:
    process = run(home, "--root", str(tmp_path / "nothing"))
    assert process.returncode == 4 and "There is no storage root" in process.stderr
