"""Short-lived helper programs (git, nvidia-smi) with a timeout, which can be cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import IO, NamedTuple

KIBIBYTE = 1024


class Output(NamedTuple):
    """Standard output of a program.

    Attributes:
        data: the bytes, up to the limit.
        whole: false if there was more.
    """

    data: bytes
    whole: bool

    @property
    def text(self) -> str:
        """Return the output as text without the trailing newline."""
        return self.data.decode("utf-8", "replace").rstrip("\n")


class Commands:
    """Run one program at a time in the calling thread; `cancel` ends it from any other thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Popen[bytes] | None = None
        self._cancelled = False

    def output(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        limit: int = 64 * KIBIBYTE,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Output | None:
        """Return the output of a command; None if it is missing, fails, times out, or is cancelled.

        Args:
            command: the program and its arguments, run without a shell.
            timeout: seconds after which it is killed together with its children.
            limit: maximum number of bytes; a program that writes more is ended.
            environment: environment variables; by default those of this process.
        """
        process = self._start(command, folder, environment)
        if process is None or process.stdout is None:
            return None
        # Not `communicate(timeout=...)`: children of the program may keep the pipe open for longer.
        timer = threading.Timer(timeout, self._kill, (process,))
        timer.daemon = True
        try:
            timer.start()
            data, is_complete = _read(process.stdout, limit)
        except RuntimeError:  # the interpreter is about to end: no more threads
            data, is_complete = b"", False
        if not is_complete:
            self._kill(process)
        process.wait()
        timer.cancel()
        process.stdout.close()
        return Output(data, is_complete) if (data and not is_complete) or process.returncode == 0 else None

    def cancel(self) -> None:
        """End the running program and start no more."""
        with self._lock:
            self._cancelled = True
            process = self._process
        if process is not None:
            self._kill(process)

    def _start(
        self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str] | None
    ) -> Popen[bytes] | None:
        with self._lock:
            if self._cancelled:
                return None
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=folder,
                    env=environment,
                    # A process group of its own: Ctrl-C reaches only the training, and the group can be killed.
                    start_new_session=True,
                )
            except (
                OSError,
                ValueError,
                RuntimeError,
            ):  # ValueError: a zero byte; RuntimeError: the interpreter ends
                return None
            return self._process

    def _kill(self, process: Popen[bytes]) -> None:
        # Its pid is not reused until it is waited for, even if it has ended.
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


def _read(pipe: IO[bytes], limit: int) -> tuple[bytes, bool]:
    data = pipe.read(limit + 1)
    return data[:limit], len(data) <= limit
