"""Commands for another machine's shell: the only place where text becomes a command line. No Django.

sshd hands a command line to the user's login shell, whichever that is. `shlex.quote` is right for POSIX shells only:
fish takes a backslash before a quote for an escape, csh refuses newlines within quotes, zsh expands `=name`. So the
line for the login shell is always the same but for octal numbers, and `/bin/sh` over there puts the command together.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_UNWRAP = 'exec /bin/sh -c \'eval "$(printf %b "$0")"\' '


class NotACommand(ValueError):
    """An argument holds a NUL or half a character: no program can be given it."""


def command_line(arguments: Sequence[str]) -> str:
    """The line that has any login shell run a program with exactly these arguments.

    Raises:
        NotACommand: no program can be given one of them.
    """
    if not arguments or any("\0" in argument for argument in arguments):
        raise NotACommand("An argument of a command holds a NUL character")
    try:
        content = f"exec {shlex.join(arguments)}".encode()
    except UnicodeEncodeError as error:
        raise NotACommand("An argument of a command is no valid text") from error
    return _UNWRAP + "'" + "".join(f"\\0{byte:03o}" for byte in content) + "'"


def shown(arguments: Sequence[str]) -> str:
    """A command as a person types it into a POSIX shell."""
    return shlex.join(arguments)
