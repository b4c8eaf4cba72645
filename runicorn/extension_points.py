"""Entry points through which other distributions add commands, trackers and names to this package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

from runicorn._version import FULL
from runicorn.import_hooks import has_foreign_finders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from runicorn.named_tuple import NamedTuple

COMMAND_LINE = "runicorn.command_line"
"""Group with one entry `main`: the command line with the commands of all distributions."""
COMMANDS = "runicorn.commands"
"""Group of tables of commands: a dictionary of names, each with its function as `module:function`."""
TRACKERS = "runicorn.trackers"
"""Group of the trackers whose files can be imported: name and module with a function `read(path)`."""
NAMES = "runicorn.names"
"""Group of public names of `runicorn` that another distribution defines."""
MARK = "[runicorn."
"""In each file of entry points with one of these groups."""


class NotInstalled(ImportError):
    """No installed distribution provides the entry point."""


class EntryPoint(NamedTuple):
    """An object `module:attribute`, or a module, that a distribution provides under a name."""

    group: str
    name: str
    value: str

    def load(self) -> Any:
        """Import and return the object."""
        module, _, attributes = self.value.partition(":")
        loaded: Any = import_module(module)
        for attribute in filter(None, attributes.split(".")):
            loaded = getattr(loaded, attribute)
        return loaded


_found: list[EntryPoint] = []


def entries(group: str) -> list[EntryPoint]:
    """Return the entry points of one of these groups.

    One look through all distributions serves all groups: an environment for training has hundreds, and each is a file.
    """
    if not _found:
        names = set()
        for name, text in _files():
            # Of several copies the first on the path is the one that is imported.
            if MARK in text and name not in names:
                names.add(name)
                _found.extend(_parse(text))
    return [entry for entry in _found if entry.group == group]


def _files() -> Iterator[tuple[str, str]]:
    """Yield the name of each installed distribution with its `entry_points.txt`, as `importlib.metadata` finds them.

    That takes a tenth of the time of a command, and is used for archives and foreign finders only.
    """
    if has_foreign_finders() or any(map(os.path.isfile, sys.path)):
        from importlib.metadata import distributions

        for distribution in distributions():
            text = distribution.read_text("entry_points.txt")
            if text and MARK in text:
                yield distribution.metadata["Name"], text
        return
    for folder in sys.path:
        with suppress(OSError):
            for info in os.listdir(folder or "."):
                if info.endswith((".dist-info", ".egg-info")):
                    yield os.path.splitext(info)[0].partition("-")[0], _text(os.path.join(folder, info))


def _text(info: str) -> str:
    with (
        suppress(OSError, UnicodeDecodeError),
        open(os.path.join(info, "entry_points.txt"), encoding="utf-8") as file,
    ):
        return file.read()
    return ""


def _parse(text: str) -> Iterator[EntryPoint]:
    group = ""
    for line in map(str.strip, text.splitlines()):
        name, _, value = line.partition("=")
        if line.startswith("["):
            group = line.strip("[]")
        elif value and not line.startswith("#"):
            yield EntryPoint(group, name.strip(), value.partition("[")[0].strip())


def load(group: str, name: str) -> Any:
    """Import and return the object of an entry point.

    Raises:
        NotInstalled: the text says what to install.
    """
    for entry in entries(group):
        if entry.name == name:
            return entry.load()
    raise NotInstalled(f"{name} needs the full distribution: pip install {FULL}")
