"""Training scripts as processes, and run folders as the reader of another program sees them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from tests.processes import train
from tests.waiting import until


class Recorded:
    """The folder of one run, read without the SDK."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def json(self, name: str) -> dict[str, Any]:
        """A small file."""
        value: dict[str, Any] = json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
        return value

    @property
    def status(self) -> str:
        """The status on disk."""
        return str(self.json("status")["status"])

    @property
    def reason(self) -> str | None:
        """The reason of its end on disk."""
        return self.json("status").get("exit_reason")

    def events(self, kind: str = "metrics") -> list[dict[str, Any]]:
        """The `data` of the journal's whole lines of one kind."""
        lines = (self.path / "events.jsonl").read_bytes().split(b"\n")[:-1]
        events = [json.loads(line) for line in lines if line]
        return [event["data"] for event in events if event["type"] == kind]

    def steps(self) -> list[int]:
        """The steps of the records, in the order of the file."""
        return [data["global_step"] for data in self.events()]

    def log(self) -> str:
        """The text of `logs.txt`."""
        return (self.path / "logs.txt").read_text(encoding="utf-8")


def recorded(root: Path) -> list[Recorded]:
    """All runs of a store, by id."""
    folders = root.glob("*/*/runs/*")
    return [Recorded(path) for path in sorted(folders, key=lambda path: path.name)]


def only_run(root: Path) -> Recorded:
    """The one run of a store."""
    (run,) = recorded(root)
    return run


class Script:
    """A script that runs; `tell` and `hear` are its stdin and stdout, line by line."""

    def __init__(self, process: subprocess.Popen[str], root: Path) -> None:
        self.process = process
        self.root = root
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=_read, args=(process.stdout, self._lines.put)),
            threading.Thread(target=_read, args=(process.stderr, self._errors.append)),
        ]
        for reader in self._readers:
            reader.start()

    def hear(self) -> str:
        """The next line the script prints."""
        return self._lines.get(timeout=90).strip()

    def tell(self, line: str) -> None:
        """Send a line to the script's stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, timeout: float = 90) -> int:
        """Wait for the end; the exit status, negative for a signal."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return self.process.returncode

    @property
    def stdout(self) -> str:
        """What the script printed; complete after `end`."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        for line in lines:
            self._lines.put(line)
        return "".join(lines)

    @property
    def stderr(self) -> str:
        """What the script wrote to stderr; complete after `end`."""
        return "".join(self._errors)

    @property
    def run(self) -> Recorded:
        """The one run it made."""
        return only_run(self.root)


class Scripts:
    """Starts scripts and leaves none behind."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.home = home
        self.started: list[Script] = []

    def start(self, text: str, *arguments: str, **environment: str) -> Script:
        """Start a script; `rn`, `os`, `sys`, `time` and `signal` are imported for it."""
        head = "import os, signal, sys, time\nimport runicorn as rn\n"
        process = train(head + text, self.root, self.home, *arguments, **environment)
        script = Script(process, self.root)
        self.started.append(script)
        return script

    def stop(self) -> None:
        """End what still runs."""
        for script in self.started:
            if script.process.poll() is None:
                script.signal(signal.SIGKILL)
            script.end(10)


def _read(stream: IO[str] | None, keep: Callable[[str], None]) -> None:
    assert stream is not None
    with stream:
        for line in stream:
            keep(line)


def has_ended(pid: int) -> bool:
    """Whether no process has this pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until_gone(pid: int) -> None:
    """Return once the process has ended."""
    until(lambda: has_ended(pid))
