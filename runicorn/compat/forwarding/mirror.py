"""Parent side of the process that runs the real library: a queue of calls that never blocks the training."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from runicorn.compat.finder import without_shims
from runicorn.compat.forwarding.portable import portable
from runicorn.compat.guard import guarded
from runicorn.compat.unknown import warn_once
from runicorn.newer_python import module_command
from runicorn.settings.user import get as get_setting

QUEUE = 10_000
"""Calls that wait for the other process; further ones are dropped."""
END = b""


class Mirror:
    """Pass calls to the real library.

    Args:
        library: its name, such as "wandb".
    """

    def __init__(self, library: str) -> None:
        self._library = library
        self._process = os.getpid()
        self._calls: queue.Queue[bytes] = queue.Queue(QUEUE)
        self._child = _start(library)
        self._thread = threading.Thread(target=self._send, name=f"runicorn-also-{library}", daemon=True)
        self._thread.start()

    def call(self, function: str, *arguments: Any, **options: Any) -> None:
        """Queue a call, such as `call("log", {"loss": 1}, step=3)`; forked processes pass nothing on."""
        if os.getpid() != self._process:
            return
        with guarded(f"{self._library}.{function} (RUNICORN_ALSO)"):
            message = pickle.dumps((function, portable(arguments), portable(options)))
            try:
                self._calls.put_nowait(message)
            except queue.Full:
                text = f"{self._library} is slower than the training; some calls were not passed on."
                warn_once(f"queue of {self._library}", text)

    def close(self) -> None:
        """End the other process, and wait a bounded time; it continues to upload after that."""
        if os.getpid() != self._process:
            return
        seconds = float(get_setting("RUNICORN_UPLOAD_TIMEOUT") or 30)
        with guarded(f"the end of {self._library}"):
            self._calls.put(END, timeout=seconds)
            self._thread.join(seconds)
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                text = f"{self._library} has not finished after {seconds:g} seconds and goes on in the background."
                warn_once(f"end of {self._library}", text)

    def _send(self) -> None:
        pipe = self._child.stdin
        assert pipe is not None
        try:
            while message := self._calls.get():
                pipe.write(len(message).to_bytes(8, "little") + message)
                pipe.flush()
            pipe.close()
        except OSError:
            text = f"{self._library} has ended; nothing more is logged there."
            warn_once(f"pipe of {self._library}", text)


def _start(library: str) -> subprocess.Popen[bytes]:
    environment = without_shims(dict(os.environ))
    environment.pop("RUNICORN_ALSO", None)
    ours = str(Path(__file__).resolve().parents[3])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment["PYTHONPATH"], ours]))
    # A folder `wandb` in the working directory is not the library. A session of its own: Ctrl-C is for the script.
    command = module_command("runicorn.compat.forwarding.child", library)
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=sys.__stderr__ if sys.__stderr__ is not None else subprocess.DEVNULL,
        start_new_session=True,
    )
