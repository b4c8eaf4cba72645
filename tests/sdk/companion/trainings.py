"""Trainings with a companion process, and how they end."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import environment
from tests.waiting import until

TRAINING = """
import ctypes, os, signal, sys, threading, time
import runicorn as rn
run = rn.init("p", "n", run_id=sys.argv[1], capture_env=False, system_metrics=False)
for step in range(5):
    run.log({"loss": 1 / (step + 1)}, step=step)
print("logged", flush=True)
sys.stdin.readline()
exec(sys.argv[2])
"""


def new_id() -> str:
    return f"20260117_120000_{secrets.token_hex(3)}"


class Training:
    """A training that runs `code` once it is told to, in its own process group.

    Args:
        store: its storage root.
        home: its user.
        code: what it does at its end.
        prefix: a command that starts it.
        more: environment variables.
    """

    def __init__(
        self, store: Path, home: Path, code: str = "pass", *, prefix: tuple[str, ...] = (), **more: str
    ) -> None:
        self.store, self.run_id = store, new_id()
        variables = environment(home, RUNICORN_DIR=str(store), RUNICORN_COMPANION="on")
        variables = {key: value for key, value in variables.items() if not key.startswith("SLURM_")} | more
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", TRAINING, self.run_id, code],
            env=variables,
            cwd=store,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout and self.process.stdout.readline() == "logged\n"

    @property
    def meta(self) -> dict[str, Any]:
        return self._read("meta.json")

    @property
    def status(self) -> dict[str, Any]:
        return self._read("status.json")

    @property
    def companions(self) -> list[psutil.Process]:
        """The companion processes of this training."""
        processes = []
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if any(part.endswith("companion/watch.py") for part in line) and str(self.meta["pid"]) in line:
                processes.append(process)
        return processes

    def go_on(self) -> None:
        """Let it run its code."""
        assert self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()

    def ended(self) -> dict[str, Any]:
        """Return its status once it has ended and its companion too."""
        self.process.wait(60)
        until(lambda: not self.companions)
        self.close()
        return self.status

    def close(self) -> None:
        """End the process if it still runs, and close its pipes."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
        self.process.communicate()

    def _read(self, name: str) -> dict[str, Any]:
        path = self.store / "p" / "n" / "runs" / self.run_id / name
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


def _is_empty(group: Path) -> bool:
    return not (group / "cgroup.procs").read_text()


@contextmanager
def memory_limit(megabytes: int) -> Iterator[Path]:
    """A cgroup of either version with a memory limit; skips, and says so, where this machine allows none."""
    name = f"runicorn-test-{os.getpid()}-{secrets.token_hex(3)}"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers == "memory":
            parent, file = Path(f"/sys/fs/cgroup/memory{own}"), "memory.limit_in_bytes"
        elif controllers == "" and Path(f"/sys/fs/cgroup{own}/memory.events").exists():
            parent, file = Path(f"/sys/fs/cgroup{own}").parent, "memory.max"
        else:
            continue
        group = parent / name
        try:
            group.mkdir()
            (group / file).write_text(str(megabytes * 2**20))
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        for swap in ("memory.swap.max", "memory.swappiness"):
            with suppress(OSError):
                (group / swap).write_text("0")
        try:
            yield group
        finally:
            until(partial(_is_empty, group))
            group.rmdir()
        return
    pytest.skip("no cgroup with a memory limit can be made here")
