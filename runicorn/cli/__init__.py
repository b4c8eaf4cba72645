"""The command line: that of runicorn-django if it is installed, else the commands of runicorn-sdk.

The first is found by the entry point `runicorn.command_line`. The second are those that a training machine needs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from runicorn._version import FULL, SDK, __version__
from runicorn.cli.collection_pause import collections_paused
from runicorn.extension_points import COMMAND_LINE, NotInstalled, load
from runicorn.store.notices import say

FAILED, USAGE, NOT_AVAILABLE = 1, 2, 4


def main() -> None:
    """Run the command line and exit with its code."""
    _leave_working_directory()
    try:
        with collections_paused():
            full = load(COMMAND_LINE, "main")
    except NotInstalled:
        full = None
    # Outside of `except`, which would add its exception to the traceback of a script.
    if full is None:
        sys.exit(_sdk(sys.argv[1:]))
    full()


def _leave_working_directory() -> None:
    """Remove the working directory, which `python -m` puts first, from the import path: it has modules of the user."""
    try:
        here = {"", os.getcwd()}
    except FileNotFoundError:  # it was deleted
        here = {""}
    # Not a checkout of this program, which may be the working directory and installed from there.
    sys.path[:] = [
        path for path in sys.path if path not in here or Path(path, "runicorn_tools", "cli").is_dir()
    ]


def _sdk(arguments: Sequence[str]) -> int:
    """Run a command of runicorn-sdk and return its exit code."""
    name, *rest = arguments or ("",)
    if name == "--version":
        return _version([])
    if name in COMMANDS:
        return COMMANDS[name](rest)
    subject = f"`runicorn {name}`" if name and not name.startswith("-") else "The full command line"
    commands = ", ".join(COMMANDS)
    say(f"{subject} needs the full distribution, {FULL}; this is {SDK} {__version__}, which has {commands}.")
    return NOT_AVAILABLE if name else USAGE


def _version(arguments: Sequence[str]) -> int:
    import argparse  # of no use to the command line of the full distribution

    parser = argparse.ArgumentParser(prog="runicorn version")
    parser.add_argument("--json", action="store_true")
    about = {"name": "runicorn", "version": __version__, "implementation": SDK}
    text = json.dumps(about) if parser.parse_args(arguments).json else f"runicorn {__version__} ({SDK})"
    sys.stdout.write(f"{text}\n")
    return 0


def _run(arguments: Sequence[str]) -> int:
    from runicorn.compat.runner import main as run_script

    run_script(arguments)
    return 0


def _sync(arguments: Sequence[str]) -> int:
    import argparse

    from runicorn.settings import user
    from runicorn.upload.rest import CannotUpload, upload_rest

    parser = argparse.ArgumentParser(prog="runicorn sync", description="Finish the upload of runs.")
    parser.add_argument("run", nargs="+", help="ids of runs that log to a server")
    parser.add_argument("--url", default="", help="the server to upload to; default: the one the runs log to")
    parser.add_argument("--storage", type=Path, help="the storage root")
    options = parser.parse_args(arguments)
    try:
        outcomes = upload_rest(user.storage_root(options.storage), options.run, options.url)
    except CannotUpload as error:
        say(str(error))
        return error.exit_code
    except OSError as error:
        say(f"{error.filename or 'The upload'}: {error.strerror or error}")
        return FAILED
    for outcome in outcomes:
        if outcome.problem:
            say(str(outcome))
        else:
            sys.stdout.write(f"{outcome}\n")
    return FAILED if any(outcome.problem for outcome in outcomes) else 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"version": _version, "run": _run, "sync": _sync}
