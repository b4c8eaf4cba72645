"""`runicorn clean` says what it would do, puts runs into the recycle bin, and touches no run that is running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from typer.testing import CliRunner

import runicorn as rn
from runicorn.store import layout
from runicorn_tools import cleaning
from runicorn_tools.cli import app
from runicorn_tools.cli.support import common
from runs.active_root import active_root
from runs.index import discovery
from tests.processes import PROJECT, environment

Call = Callable[..., tuple[int, Any]]
DAY = 86400
TRAINS = """
import sys, runicorn as rn
run = rn.init("p", "n", storage=sys.argv[1], capture_env=False, system_metrics=False, mode="online")
run.log({"loss": 1.0})
print(run.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def call(folder: Path) -> Call:
    """`call("--zombie")`: exit code, and the answer as JSON where that is what was said, else as text."""

    def clean(*words: str, answer: str = "") -> tuple[int, Any]:
        result = CliRunner().invoke(app, ["clean", *words, "--storage", str(folder)], input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout) if "--json" in words else result.output

    return clean


@pytest.fixture
def train(tmp_path: Path, folder: Path) -> Iterator[Callable[[], tuple[str, subprocess.Popen[str]]]]:
    """Begins a run in a process of its own; its id and the process."""
    processes = []

    def begin() -> tuple[str, subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", TRAINS, str(folder)],
            env=environment(tmp_path / "home"),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    yield begin
    for process in processes:
        process.communicate()


def ended(folder: Path, days: float = 0.0) -> Path:
    """The folder of a run that ended so many days ago."""
    with rn.init("p", "n", storage=folder, capture_env=False, system_metrics=False, mode="online") as run:
        run.log({"loss": 1.0})
    _age(run.run_dir, days)
    return run.run_dir


def _age(run_dir: Path, days: float) -> None:
    then = time.time() - days * DAY
    status, _ = layout.read_json(run_dir / layout.STATUS)
    layout.write_json(run_dir / layout.STATUS, status | ({"ended_at": then} if "ended_at" in status else {}))
    for path in run_dir.iterdir():
        with suppress(FileNotFoundError):  # the draft of a file that the run has written meanwhile
            os.utime(path, (then, then))


def is_deleted(run_dir: Path) -> bool:
    return (run_dir / ".deleted").exists()


def test_what_to_clean_must_be_said(call: Call) -> None:
    code, output = call()
    assert code == 2 and "--zombie, --temp, --dedup or --older-than DAYS" in output


@pytest.mark.django_db
def test_runs_whose_process_is_gone_go_into_the_bin_and_come_back(
    store: Path, call: Call, train: Any, api: APIClient
) -> None:
    dead, process = train()
    living, _ = train()
    finished = ended(store)
    process.send_signal(signal.SIGKILL)
    process.wait()
    code, output = call("--zombie", "--dry-run")
    assert code == 0 and output.startswith("1 run whose process is gone, with ") and dead in output
    assert "for the recycle bin: emptying it frees that" in output and living not in output
    folder = finished.parent / dead
    assert not is_deleted(folder)
    code, answer = call("--zombie", "--force", "--json")
    assert (code, answer["zombies"], answer["binned"]) == (0, [dead], [dead])
    assert answer["run_bytes"] > 0 and answer["freed_bytes"] == 0
    assert is_deleted(folder) and not is_deleted(finished) and not is_deleted(finished.parent / living)
    discovery.full(active_root())
    [binned] = json.loads(api.get("/api/recycle-bin").getvalue())["deleted_runs"]
    assert (binned["id"], binned["delete_reason"]) == (dead, "cleaned_zombie")
    assert binned["original_status"] in ("running", "failed")
    assert (
        api.post("/api/recycle-bin/restore", {"run_ids": [dead]}, format="json").json()["restored_count"] == 1
    )
    assert not is_deleted(folder)
    assert call("--zombie", "--force", "--json")[1]["binned"] == [dead]


def test_a_run_marked_dead_by_a_viewer_is_cleaned_and_one_of_another_host_is_not(
    folder: Path, call: Call
) -> None:
    judged, elsewhere = ended(folder), ended(folder)
    for run_dir, change in (
        (judged, {"status": "failed", "exit_reason": "process_not_found"}),
        (elsewhere, {"status": "running"}),
    ):
        status, _ = layout.read_json(run_dir / layout.STATUS)
        layout.write_json(run_dir / layout.STATUS, status | change)
    meta, _ = layout.read_json(elsewhere / layout.META)
    layout.write_json(elsewhere / layout.META, meta | {"machine_id": "another", "pid": 2**22 - 1})
    assert call("--zombie", "--json", "--dry-run")[1]["zombies"] == [judged.name]


def test_runs_of_older_versions_must_also_have_been_silent(folder: Path, call: Call) -> None:
    run_dir = ended(folder)
    meta, _ = layout.read_json(run_dir / layout.META)
    old = {key: meta[key] for key in ("id", "project", "name", "created_at", "hostname")} | {"pid": 2**22 - 1}
    layout.write_json(run_dir / layout.META, old)
    layout.write_json(run_dir / layout.STATUS, {"status": "running", "started_at": meta["created_at"]})
    assert call("--zombie", "--json", "--dry-run")[1]["zombies"] == []
    _age(run_dir, 1)
    assert call("--zombie", "--json", "--dry-run")[1]["zombies"] == [run_dir.name]
    assert call("--zombie", "--older-than", "2", "--json", "--dry-run")[1]["zombies"] == []


def test_runs_that_ended_long_ago_go_into_the_bin(folder: Path, call: Call, train: Any) -> None:
    old, young, pinned = ended(folder, 40), ended(folder, 10), ended(folder, 40)
    layout.write_json(pinned / layout.CURATION, {"pinned": True})
    living, _ = train()
    _age(old.parent / living, 400)
    code, output = call("--older-than", "30", "--dry-run")
    assert code == 0 and output.startswith("1 run that ended more than 30 days ago, with ")
    assert not is_deleted(old)
    code, answer = call("--older-than", "30", "--force", "--json")
    assert (code, answer["old"], answer["binned"]) == (0, [old.name], [old.name])
    assert [is_deleted(path) for path in (old, young, pinned, old.parent / living)] == [
        True,
        False,
        False,
        False,
    ]
    assert call("--older-than", "30", "--force", "--json")[1]["old"] == []


def test_a_run_that_goes_on_meanwhile_is_left_alone(
    folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ended(folder, 40), ended(folder, 40)
    find = cleaning.ended

    def resumed(root: Path, before: float) -> list[cleaning.Candidate]:
        candidates = list(find(root, before))
        with (first / layout.EVENTS).open("a") as journal:
            journal.write("\n")
        return candidates

    monkeypatch.setattr(cleaning, "ended", resumed)
    code, output = call("--older-than", "30", "--force")
    assert code == 1 and f"Not moved: {first.name} was resumed meanwhile" in output
    assert "Moved to the recycle bin: 1 run" in output
    assert (is_deleted(first), is_deleted(second)) == (False, True)


def test_files_of_interrupted_writes_are_removed(folder: Path, call: Call, tmp_path: Path) -> None:
    run_dir = ended(folder)
    version = folder / "artifacts" / "model" / "m" / "v1"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text("{}")
    outside = tmp_path / "outside"
    outside.write_text("precious")
    leftovers = [run_dir / ".status.json.77.abcdef.tmp", version.parent / ".versions.json.1.ab.tmp"]
    for path in (*leftovers, run_dir / "mine.tmp", run_dir / ".hidden", run_dir / ".young.1.ab.tmp"):
        path.write_text("x" * 100)
    (run_dir / ".link.tmp").symlink_to(outside)
    for path in (*leftovers, run_dir / "mine.tmp", run_dir / ".hidden"):
        os.utime(path, (1, 1))
    code, output = call("--temp", "--dry-run")
    assert (code, output) == (0, "2 files left by interrupted writes: 200 B (200 bytes) can be freed\n")
    assert call("--temp", "--older-than", "36500", "--json")[1]["leftovers"] == []
    code, answer = call("--temp", "--force", "--json")
    assert (code, sorted(answer["leftovers"])) == (0, sorted(map(str, leftovers)))
    assert (answer["bytes"], answer["freed_bytes"]) == (200, 200)
    assert not any(path.exists() for path in leftovers) and outside.read_text() == "precious"
    assert (run_dir / "mine.tmp").exists() and (run_dir / ".young.1.ab.tmp").exists()


def test_a_damaged_manifest_is_named_and_the_rest_is_cleaned(folder: Path, call: Call) -> None:
    run_dir = ended(folder)
    leftover = run_dir / ".status.json.77.0a1b2c3d.tmp"
    leftover.write_text("x")
    os.utime(leftover, (1, 1))
    artifact = rn.Artifact("net").add_file(str(run_dir / "meta.json"))
    with rn.init("p", "n", storage=folder, capture_env=False, system_metrics=False) as run:
        run.log_artifact(artifact)
    version = folder / "artifacts" / "model" / "net" / "v1"
    manifest = (version / "manifest.json").read_text()
    (version / "manifest.json").write_text(manifest[:20])
    orphan = folder / "artifacts" / ".dedup" / "aa" / ("aa" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_text("unused")
    code, output = call("--dedup", "--temp", "--force")
    assert code == 1 and "The manifest of model/net:v1 is damaged" in output and "from a backup" in output
    assert not leftover.exists() and orphan.exists()
    (version / "manifest.json").write_text(manifest)
    code, output = call("--dedup", "--force")
    assert code == 0 and not orphan.exists()


def test_the_command_asks_for_confirmation_only_at_a_terminal(
    folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = ended(folder, 40)
    code, output = call("--older-than", "30")
    assert code == 2 and "without a terminal, --force is needed" in output
    monkeypatch.setattr(common, "is_interactive", lambda: True)
    code, output = call("--older-than", "30", answer="n\n")
    assert code == 0 and "Go on? [y/N]" in output and "Cancelled." in output and not is_deleted(run_dir)
    code, output = call("--older-than", "30", answer="y\n")
    assert code == 0 and "Moved to the recycle bin: 1 run" in output and is_deleted(run_dir)


def test_all_kinds_are_cleaned_at_once(folder: Path, call: Call) -> None:
    ended(folder)
    code, answer = call("--zombie", "--temp", "--dedup", "--force", "--json")
    assert code == 0
    assert (answer["zombies"], answer["old"], answer["leftovers"], answer["blobs"]) == ([], [], [], 0)


def test_archives_without_a_decision_are_removed(folder: Path, call: Call) -> None:
    private = folder / ".runicorn"
    private.mkdir(exist_ok=True)
    old = [private / f"archive-{'0' * 32}", private / "upload-abcdefgh"]
    for path in (*old, private / f"archive-{'1' * 32}", private / "import.lock"):
        path.write_bytes(b"x" * 100)
    for path in (*old, private / "import.lock"):
        os.utime(path, (1, 1))
    code, answer = call("--temp", "--force", "--json")
    assert (code, sorted(answer["leftovers"])) == (0, sorted(map(str, old)))
    assert sorted(path.name for path in private.glob("*")) == [f"archive-{'1' * 32}", "import.lock"]


def test_abandoned_upload_parts_are_removed(folder: Path, call: Call) -> None:
    parts = folder / ".runicorn" / "parts"
    parts.mkdir(parents=True)
    old, young = parts / ("0" * 40), parts / ("1" * 40)
    for path in (old, young):
        path.write_bytes(b"x" * 100)
    os.utime(old, (1, 1))
    code, answer = call("--temp", "--force", "--json")
    assert (code, answer["leftovers"]) == (0, [str(old)])
    assert list(parts.iterdir()) == [young]
