"""Command lines for remote shells; the only module that turns text into a command line. No Django.

sshd passes a command line to the user's login shell, whichever that is. `shlex.quote` is right for POSIX shells only:
fish reads a backslash before a quote as an escape, csh rejects newlines within quotes, zsh expands `=name`. So the
line for the login shell is constant except for octal numbers, and the remote `/bin/sh` assembles the command.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from runicorn.message import Message

_UNWRAP = 'exec /bin/sh -c \'eval "$(printf %b "$0")"\' '


class NotACommand(ValueError):
    """An argument contains a NUL or a lone surrogate, which no program can receive."""


def command_line(arguments: Sequence[str]) -> str:
    """Return a line that makes any login shell run a program with exactly these arguments.

    Raises:
        NotACommand: an argument cannot be passed to a program.
    """
    if not arguments or any("\0" in argument for argument in arguments):
        raise NotACommand(Message("An argument of a command contains a NUL character"))
    try:
        content = f"exec {shlex.join(arguments)}".encode()
    except UnicodeEncodeError as error:
        raise NotACommand(Message("An argument of a command is not valid text")) from error
    return _UNWRAP + "'" + "".join(f"\\0{byte:03o}" for byte in content) + "'"


def display_command(arguments: Sequence[str]) -> str:
    """Return a command as a user types it into a POSIX shell."""
    return shlex.join(arguments)
