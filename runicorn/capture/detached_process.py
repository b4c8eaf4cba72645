"""Start of processes that are not children of this one and that no signal to its process group reaches."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
"""Folder to import `runicorn` from."""
IN_BACKGROUND = 'exec 3<&0; "$@" <&3 3<&- &'
"""Shells give a command in the background an empty input, unless it has another one by number."""


def start(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    descriptors: Mapping[int, int],
    masked: Iterable[int] = (),
) -> None:
    """Run a module of `runicorn` with the standard library alone, in a session of its own.

    Args:
        module: its path below `PACKAGE`. It closes all descriptors above 2 that it does not know.
        arguments: of the program, after the path of `PACKAGE`.
        environment: environment variables; those of Python itself have no effect.
        descriptors: our descriptor for each one of the process. By default 1 and 2 lead nowhere.
        masked: signals that are blocked until the program handles them.

    Raises:
        OSError: no process can be started, or the interpreter cannot run a file (a frozen program).
    """
    program = PACKAGE / module
    if not hasattr(os, "posix_spawn") or hasattr(sys, "frozen") or not program.is_file():
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    command = [sys.executable or "python3", "-I", "-S", str(program), str(PACKAGE), *arguments]
    try:
        # Through a shell that ends at once: a program that waits for all of its children does not wait for this one.
        shell = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", IN_BACKGROUND, "sh", *command],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                *((os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in descriptors.items()),
            ],
            setsid=True,
            setsigmask=masked,
        )
    except (NotImplementedError, ValueError) as error:  # no `setsid`; a zero byte
        raise OSError(errno.ENOSYS, str(error)) from error
    with suppress(ChildProcessError):  # children are ignored (SIGCHLD)
        os.waitpid(shell, 0)
