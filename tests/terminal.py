"""A program at a terminal of its own: what it says is read as it comes, and a person's keys are pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until

CTRL_C = "\x03"


class Terminal:
    """A program with a pseudo-terminal as its standard input, output and error, which controls it.

    Attributes:
        said: what has come so far.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        term: str = "dumb",
        size: tuple[int, int] = (200, 24),
    ) -> None:
        """Start it; `term` is the kind of the terminal, `size` its columns and lines."""
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, size[::-1])
        self.said = ""
        self._seen = 0
        self._process = subprocess.Popen(
            command,
            env={**env, "TERM": term, "COLUMNS": str(size[0])},
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # So that Ctrl-C is a signal to it.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def waits_for(self, text: str, seconds: float = 120.0) -> None:
        """Read on until it has said something that was not waited for before."""
        end = time.monotonic() + seconds
        while text not in self.said[self._seen :]:
            assert self._read(end - time.monotonic()), f"{text!r} did not come in:\n{self.said}"
        self._seen = self.said.index(text, self._seen) + len(text)

    def types(self, line: str) -> None:
        """A line and Enter."""
        self.presses(f"{line}\n")

    def types_unseen(self, line: str) -> None:
        """The same when the terminal shows no more what is typed; what was typed before that is thrown away."""
        until(lambda: not termios.tcgetattr(self._ours)[3] & termios.ECHO)
        self.types(line)

    def presses(self, keys: str) -> None:
        """Keys."""
        os.write(self._ours, keys.encode())

    def gives_up(self, patience: float = 20.0, attempts: int = 4) -> int:
        """Press Ctrl-C at a question, as a person does again when it came in the very moment before Python began to
        read, which loses it; the exit code."""
        for _ in range(attempts):
            self.presses(CTRL_C)
            end = time.monotonic() + patience
            while self._read(end - time.monotonic()):
                pass
            if time.monotonic() < end:
                return self._process.wait(patience)
        raise AssertionError(f"It did not end in:\n{self.said}")

    def ends(self, seconds: float = 120.0) -> int:
        """Read to its end; its exit code."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            pass
        assert time.monotonic() < end, f"It did not end in:\n{self.said}"
        return self._process.wait(max(0.1, end - time.monotonic()))

    def close(self) -> None:
        """End it if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(60)
        os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        """Whether something came."""
        if not select.select([self._ours], [], [], max(0.0, seconds))[0]:
            return False
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # the other side is gone
            return False
        self.said += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(piece)


@contextmanager
def at_terminal(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    term: str = "dumb",
    size: tuple[int, int] = (200, 24),
) -> Iterator[Terminal]:
    """A program at a terminal; it is gone at the end."""
    terminal = Terminal(command, env, cwd, term, size)
    try:
        yield terminal
    finally:
        terminal.close()
