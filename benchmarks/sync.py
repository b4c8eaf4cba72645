"""Second sync of an unchanged store of 1,000 runs over SSH, compared with `rsync -an` of the same tree on the same server.

    python -m benchmarks.sync

`runicorn sync` and rsync are measured as commands, from start to exit; then a sync over an open connection, as by
`--watch` and the viewer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.support.folders import write_old_runs
from benchmarks.support.processes import environment
from benchmarks.support.rounds import alternating, line, workplace
from benchmarks.support.ssh import Sshd, over_asyncssh
from runicorn.manifest import ManifestGenerator
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client

RUNS = 1000
ROUNDS = 5
MOST_REQUESTS = 200


def main() -> None:
    with workplace() as (root, home):
        server = Sshd(root.parent / "far")
        there = server.home / "store"
        there.mkdir()
        write_old_runs(there, RUNS)
        (home / "config").mkdir(parents=True)
        (home / "config" / "known_hosts").write_text(server.known_hosts_line)
        server.start()
        try:
            measure(server, there, root, home)
        finally:
            server.stop()


def measure(server: Sshd, there: Path, root: Path, home: Path) -> None:
    """Measure one server with one store."""
    rsync, ours = commands(server, there, root)

    def with_manifest() -> float:
        ManifestGenerator(there).generate()
        return timed(ours, home)

    def without_manifest() -> float:
        (there / ".runicorn" / "full_manifest.json.gz").unlink(missing_ok=True)
        (there / ".runicorn" / "full_manifest.json").unlink(missing_ok=True)
        return timed(ours, home)

    timed(ours, home)  # the first sync
    cases = {
        "rsync -an": lambda: timed(rsync, home),
        "runicorn sync, a manifest is there": with_manifest,
        "runicorn sync, none is there": without_manifest,
        "a visit over an open connection, a manifest is there": open_visit(server, there, root, True),
        "a visit over an open connection, none is there": open_visit(server, there, root, False),
    }
    measured = alternating(cases, ROUNDS)
    for name, seconds in measured.items():
        line(name, seconds, "s")
        if name != "rsync -an":
            line(f"  times {RUNS} runs by rsync -an", seconds / measured["rsync -an"], "x")
    ManifestGenerator(there).generate()
    with server.counted() as requests:
        timed(ours, home)
    line("SFTP requests of a visit with a manifest", len(requests), "requests", MOST_REQUESTS)


def open_visit(server: Sshd, there: Path, root: Path, manifest: bool) -> Callable[[], float]:
    """Return a function that measures a sync over an open connection."""

    def once() -> float:
        for path in (there / ".runicorn").glob("full_manifest.*"):
            path.unlink()
        if manifest:
            ManifestGenerator(there).generate()
        with over_asyncssh(server) as client:
            remote = wrap_client(client)
            # The name under which the command has connected before.
            name = f"{server.username}@{server.host}:{server.port}"
            began = time.perf_counter()
            mirror_store(remote, str(there), root, name)
            return time.perf_counter() - began

    return once


def commands(server: Sshd, there: Path, root: Path) -> tuple[list[str], list[str]]:
    """Return the commands of rsync and `runicorn sync`."""
    known_hosts = root.parent / "known_hosts"
    known_hosts.write_text(server.known_hosts_line)
    ssh = f"ssh -p {server.port} -i {server.key} -o UserKnownHostsFile={known_hosts} -o IdentitiesOnly=yes"
    place = f"{server.username}@{server.host}:{there}"
    ours = [sys.executable, "-m", "runicorn", "sync", place, "--into", str(root), "--python", ""]
    login = ["--port", str(server.port), "--key", str(server.key)]
    return ["rsync", "-an", "-e", ssh, f"{place}/", str(root)], [*ours, *login]


def timed(command: list[str], home: Path) -> float:
    """Return the seconds of a command that succeeds."""
    began = time.perf_counter()
    subprocess.run(
        command,
        env=environment(home),
        cwd=home,
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    os.environ.pop("SSH_AUTH_SOCK", None)
    main()
