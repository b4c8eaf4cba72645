"""The far side of a remote viewer without SSH: the process that a near side starts, with pipes instead of channels."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from runicorn.remote_protocol import (
    END,
    HEARTBEAT,
    SESSION_PATH,
    LaunchRequest,
    StatusReport,
    line,
    make_stamp,
    parse_status_report,
)
from tests.prepared import lay_out
from tests.processes import environment
from tests.secrecy import secret

TOKEN = secret()


class RemoteViewerProcess:
    """A `runicorn viewer --remote-mode` process."""

    def __init__(self, order: LaunchRequest | str, home: Path, *options: str, **more: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "data").is_file():
            lay_out(home / "data")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runicorn", "viewer", "--remote-mode", *options],
            env=environment(home, **more),
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(order if isinstance(order, str) else line(order))
        self.process.stdin.flush()
        self.first = self.process.stdout.readline()

    @property
    def report(self) -> StatusReport:
        """What it said of itself; when it ended instead, what it complained of."""
        assert self.first, self.complaint
        return parse_status_report(self.first)

    @property
    def complaint(self) -> str:
        """What it said on its way out."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.report.port}"

    def ask(self, purpose: str = HEARTBEAT, token: str = TOKEN, stamp: str = "") -> requests.Response:
        """A heartbeat, or the word to end."""
        method = {HEARTBEAT: "POST", END: "DELETE"}[purpose]
        headers = {"Authorization": f"Session {stamp or make_stamp(token, purpose, time.time())}"}
        return requests.request(method, self.url + SESSION_PATH, headers=headers, timeout=10)

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.get(self.url + path, headers=headers, timeout=10, **more)

    def hang_up(self) -> None:
        """What a lost connection does to it: nobody reads or writes its pipes any more."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def stop(self) -> None:
        """End it and wait."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()


def written(**fields: Any) -> str:
    """An order as text, for odd ones."""
    return json.dumps(fields) + "\n"
