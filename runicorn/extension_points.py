"""Entry points through which other distributions add commands, trackers and names to this package."""

from __future__ import annotations

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


_found: list[Any] = []


def entries(group: str) -> list[Any]:
    """Return the entry points of one of these groups.

    One look through all distributions serves all groups: an environment for training has hundreds, and each is a file.
    """
    if not _found:
        from importlib.metadata import distributions

        names = set()
        for distribution in distributions():
            if "[runicorn." not in (distribution.read_text("entry_points.txt") or ""):
                continue
            # Of several copies the first on the path is the one that is imported.
            if (name := distribution.metadata["Name"]) not in names:
                names.add(name)
                _found.extend(distribution.entry_points)
    return [entry for entry in _found if entry.group == group]


def load(group: str, name: str) -> Any:
    """Import and return the object of an entry point.

    Raises:
        NotInstalled: the text says what to install.
    """
    for entry in entries(group):
        if entry.name == name:
            return entry.load()
    raise NotInstalled(f"{name} needs the full distribution: pip install {FULL}")
