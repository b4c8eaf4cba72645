"""Starting the process that sends a run to a server, and saying at the end what it has not sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from runicorn import settings
from runicorn.notices import say
from runicorn.upload.state import Notes

if TYPE_CHECKING:
    from runicorn.run import Run

CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from runicorn.upload.process import main; main()"


def address(url: str | None) -> str:
    """The server that a run is sent to: what was given, else `RUNICORN_URL`; "" for none.

    Raises:
        ValueError: what was given is no address of a server.
    """
    if url is None:
        return checked(settings.get("RUNICORN_URL"), told=True)
    return checked(url, told=False) if url else ""


def checked(url: str, *, told: bool) -> str:
    """The address without a slash at its end.

    Args:
        url: the address; "" for none.
        told: say what is wrong, and go on without it: it comes from a variable and not from the program.

    Raises:
        ValueError: it is none, and `told` is false.
    """
    parts = urlsplit(url.strip())
    try:
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if valid and not (parts.query or parts.fragment):
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    if not url:
        return ""
    sentence = f"url must be like http://host:23300, not {url!r}"
    if not told:
        raise ValueError(sentence)
    say(f"RUNICORN_URL: {sentence}; the run is kept here alone.")
    return ""


def begin(run: Run, url: str) -> None:
    """Have a process of its own send the run to a server, until it has ended and all of it is there.

    Returns at once; what goes wrong is told, never raised.
    """
    import subprocess

    parent = str(Path(__file__).resolve().parents[2])
    try:
        Notes(run.storage_root, run.id).begin(url)
        process = subprocess.Popen(
            [sys.executable or "python3", "-P", "-c", CODE, parent, str(run.run_dir)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=run.storage_root,
            env=_surroundings(),
            # Ctrl-C, and the end of the terminal, are the training's alone.
            start_new_session=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        say(f"run {run.id} is not sent to {url} ({error}); later: runicorn sync {run.id}")
        return
    # It outlives us, and nobody waits for it.
    process.returncode = 0


def _surroundings() -> dict[str, str]:
    """Our environment without what would have the other process log, or be taken for a rank."""
    return {name: value for name, value in os.environ.items() if name != "RUNICORN_URL"}


def tell_unsent(run: Run) -> None:
    """Say at the end of a run that it could not be sent so far, if it is so."""
    problem = Notes(run.storage_root, run.id).load().content.get("problem")
    if problem:
        say(
            f"run {run.id} is not at {run.server} yet ({problem}); it is tried again, or: runicorn sync {run.id}"
        )
