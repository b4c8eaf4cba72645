"""Short programs asked on the side (git, nvidia-smi): never longer than told, and ended at once on request."""

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
    """What a program wrote to its standard output.

    Attributes:
        data: the bytes, at most as many as were asked for.
        whole: false when there was more.
    """

    data: bytes
    whole: bool

    @property
    def text(self) -> str:
        """The bytes as text without the newline at their end."""
        return self.data.decode("utf-8", "replace").rstrip("\n")


class Commands:
    """Runs one program after the other in the thread that asks; `cancel` ends it from any other thread."""

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
        """What `command` writes; `None` when it is missing, fails, takes longer than `timeout` seconds or is cancelled.

        Args:
            command: the program and its arguments; no shell is involved.
            timeout: seconds after which it is killed, with whatever it has started.
            limit: bytes to take; a program that writes more is ended.
            folder: where it runs.
            environment: its environment variables; else ours.
        """
        process = self._start(command, folder, environment)
        if process is None or process.stdout is None:
            return None
        # A timer and not `communicate(timeout=...)`: what the program started may hold the pipe open for longer.
        timer = threading.Timer(timeout, self._kill, (process,))
        timer.daemon = True
        try:
            timer.start()
            data, whole = _read(process.stdout, limit)
        except RuntimeError:  # the interpreter is about to end: no more threads
            data, whole = b"", False
        if not whole:
            self._kill(process)
        process.wait()
        timer.cancel()
        process.stdout.close()
        return Output(data, whole) if (data and not whole) or process.returncode == 0 else None

    def cancel(self) -> None:
        """End the program that runs now, and start none from here on."""
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
                    # A group of its own: Ctrl-C is the training's alone, and the group can be ended as a whole.
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
        # Until it is waited for its number is its own, also when it has ended.
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
