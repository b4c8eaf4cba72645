"""The process of a remote viewer, started without SSH: pipes instead of channels."""

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
        """The status report; fails with stderr if the process ended instead."""
        assert self.first, self.complaint
        return parse_status_report(self.first)

    @property
    def complaint(self) -> str:
        """Everything it wrote to stderr until its end."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.report.port}"

    def ask(self, purpose: str = HEARTBEAT, token: str = TOKEN, stamp: str = "") -> requests.Response:
        """Send a heartbeat or the request to end."""
        method = {HEARTBEAT: "POST", END: "DELETE"}[purpose]
        headers = {"Authorization": f"Session {stamp or make_stamp(token, purpose, time.time())}"}
        return requests.request(method, self.url + SESSION_PATH, headers=headers, timeout=60)

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.get(self.url + path, headers=headers, timeout=60, **more)

    def hang_up(self) -> None:
        """Close its pipes, as a lost connection does."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def stop(self) -> None:
        """Kill the process and wait for its end."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()


def launch_request(**fields: Any) -> str:
    """Return a launch request as text, valid or not."""
    return json.dumps(fields) + "\n"
