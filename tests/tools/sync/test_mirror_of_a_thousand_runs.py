"""`runicorn sync` of a thousand runs over a real SSH server, twenty of them changed in different ways."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from runicorn.manifest import ManifestGenerator
from runicorn_tools.cli import app
from tests.folders import write_run
from tests.processes import environment
from tests.tools.sync.far import TalkativeSshd
from tests.tools.sync.stores import LONG_AGO, contents, put, write_store

pytestmark = pytest.mark.needs("sshd")
MOST_REQUESTS = {"generated": 200, "manifest": 200, "listing": 300}
"""Without a manifest each run that was touched has to be listed before its files are fetched."""


@pytest.fixture
def sync(server: TalkativeSshd, there: Path, folder: Path, home: Path) -> Callable[..., dict[str, Any]]:
    """Run `runicorn sync user@host:store --into folder --json` in this process and return its result."""
    (home / "config").mkdir(parents=True)
    (home / "config" / "known_hosts").write_text(server.known_hosts_line)

    def once(*options: str) -> dict[str, Any]:
        target = f"{server.username}@{server.host}:{there}"
        command = ["sync", target, "--into", str(folder), "--json"]
        way = ["--port", str(server.port), "--key", str(server.key)]
        result = CliRunner().invoke(app, [*command, *way, *options])
        assert result.exit_code == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    return once


def touch_in_twenty_ways(store: Path, runs: list[Path]) -> None:
    """Change twenty runs in the ways of the SDK and the viewer."""
    with (runs[0] / "events.jsonl").open("ab") as file:  # a running run
        put(runs[0] / "status.json", '{"status": "running", "started_at": 1.0}')
        file.write(b'{"type": "metrics", "data": {"loss": 0.5}}\n' * 100)
    put(runs[1] / "status.json", '{"status": "failed", "exit_reason": "process_not_found"}')
    put(runs[2] / "curation.json", '{"tags": ["good"], "description": "kept"}')
    put(runs[3] / ".deleted", '{"deleted_at": 1.0, "reason": "user_deleted"}')
    shutil.rmtree(runs[4])  # the recycle bin was emptied
    (runs[5] / "media" / "2_new.png").write_bytes(os.urandom(70_000))
    put(runs[5] / "summary.json", '{"picture": true}')
    put(runs[6] / "events.jsonl", '{"type": "metrics", "data": {"loss": 9}}\n' * 50)  # rewritten
    put(runs[7] / "logs.txt", "short\n")
    put(runs[8] / "logs.txt", "x" * 500_000)
    put(runs[9] / "environment.json", '{"python": "3.11"}')
    put(runs[10] / "artifacts_created.json", '{"artifacts": []}')
    put(runs[11] / "config.json", '{"lr": 0.2}')
    (runs[12] / "summary.json").unlink()
    (runs[13] / "media" / "1_picture.png").unlink()
    put(runs[13] / "summary.json", "{}")
    write_run(
        store, "project0", "name0", run_id="20260202_000000_000001", created_at=LONG_AGO, metrics=[{"a": 1}]
    )
    write_run(store, "new project", "größe", run_id="20260202_000000_000002", created_at=LONG_AGO, metrics=[])
    runs[14].rename(runs[14].with_name("20260101_235959_ffffff"))  # another id
    put(runs[15] / "meta.json", '{"id": "x", "created_at": 2.0}')
    (runs[16] / "media" / "deep" / "er").mkdir(parents=True)
    (runs[16] / "media" / "deep" / "er" / "a.png").write_bytes(b"deep")
    put(runs[16] / "summary.json", "{}")
    (runs[17] / "checkpoint.pt").write_bytes(b"not ours, stays there")
    put(runs[18] / "status.json", "")  # torn
    old = store / "runs" / "20240101_000000_abcdef"
    old.mkdir(parents=True)
    put(old / "meta.json", '{"project": "old", "created_at": 1.0}')


def live(root: Path) -> dict[str, bytes]:
    """Return the files of the runs outside the recycle bin."""
    before = contents(root)
    deleted = {path.rpartition("/")[0] for path in before if path.endswith("/.deleted")}
    return {path: content for path, content in before.items() if not any(path.startswith(d) for d in deleted)}


@pytest.mark.parametrize(
    ("way", "count"),
    [
        ("generated", 100),
        ("manifest", 50),
        ("listing", 50),
        pytest.param("generated", 1000, marks=pytest.mark.torture),
        pytest.param("manifest", 1000, marks=pytest.mark.torture),
        pytest.param("listing", 1000, marks=pytest.mark.torture),
    ],
)
def test_the_second_visit_is_equal_and_asks_little(
    way: str,
    count: int,
    sync: Callable[..., dict[str, Any]],
    server: TalkativeSshd,
    there: Path,
    folder: Path,
) -> None:
    runs = write_store(there, count, projects=2, names=2)
    options = ["--python", server.python if way == "generated" else ""]
    if way == "manifest":
        ManifestGenerator(there).generate()
    first = sync(*options)
    assert (first["source"], first["failed_count"]) == (way, 0)
    assert contents(folder) == contents(there)
    touch_in_twenty_ways(there, runs)
    if way == "manifest":
        ManifestGenerator(there).generate()
    with server.counted() as requests:
        second = sync(*options)
    assert (second["source"], second["failed_count"], second["problems"]) == (way, 0, [])
    assert live(folder) == live(there)
    # Runs deleted on the remote host, one of them by its name, are in the recycle bin here.
    assert second["deleted_count"] == 2
    assert 20 < len(requests) <= MOST_REQUESTS[way], f"{len(requests)} requests: {requests}"
    third = sync(*options)
    assert third["files_synced"] == 0


def test_an_unknown_host_is_not_trusted_and_a_missing_folder_is_reported(
    server: TalkativeSshd, there: Path, folder: Path, home: Path
) -> None:
    def sync(path: str) -> Result:
        command = ["sync", f"{server.username}@{server.host}:{path}", "--into", str(folder)]
        return CliRunner().invoke(app, [*command, "--port", str(server.port), "--key", str(server.key)])

    stranger = sync(str(there))
    assert stranger.exit_code == 1 and "is unknown (SHA256:" in stranger.stderr
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "known_hosts").write_text(server.known_hosts_line)
    missing = sync("/nowhere/at all")
    assert missing.exit_code == 4 and "/nowhere/at all does not exist" in missing.stderr
    server.authorized.write_text("")
    refused = sync(str(there))
    assert refused.exit_code == 1 and "Authentication failed" in refused.stderr
    assert not contents(folder)


def test_an_invalid_remote_address_is_wrong_usage(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "runicorn", "sync", "/just/a/path"]
    process = subprocess.run(
        command, env=environment(home), cwd=home, capture_output=True, text=True, check=False
    )
    assert process.returncode == 2 and "user@host:/data/store" in process.stderr
