"""Entry points through which other distributions add commands, trackers and names to this package."""

from __future__ import annotations

import sys
from typing import Any

from runicorn._version import FULL

COMMAND_LINE = "runicorn.command_line"
"""Group with one entry `main`: the command line with the commands of all distributions."""
COMMANDS = "runicorn.commands"
"""Group of tables of commands: a dictionary of names, each with its function as `module:function`."""
TRACKERS = "runicorn.trackers"
"""Group of the trackers whose files can be imported: name and module with a function `read(path)`."""
NAMES = "runicorn.names"
"""Group of public names of `runicorn` that another distribution defines."""


class NotInstalled(ImportError):
    """No installed distribution provides the entry point."""


def load(group: str, name: str) -> Any:
    """Import and return the object of an entry point.

    Raises:
        NotInstalled: the text says what to install.
    """
    from importlib.metadata import entry_points

    if sys.version_info >= (3, 10):
        entries = entry_points(group=group, name=name)
    else:
        entries = [entry for entry in entry_points().get(group, ()) if entry.name == name]
    for entry in entries:
        return entry.load()
    raise NotInstalled(f"{name} needs the full distribution: pip install {FULL}")
