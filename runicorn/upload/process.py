"""The process that sends a run while it trains, and goes on until all of it is there."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from runicorn import _os, layout
from runicorn.settings import identity
from runicorn.upload.client import Away, Conflict, Denied, Server
from runicorn.upload.run_files import Gone, RunUpload
from runicorn.upload.state import Notes

POLL = 0.5
"""Seconds between two looks at the files of a run that goes on."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LONGER = 1.5
PATIENCE = 3 * 86_400.0
"""After its run has ended, for so long a server that is away is asked again; then it is left to `runicorn sync`."""


def main() -> None:
    """Send the run whose folder is the only argument."""
    run_dir = Path(sys.argv[1])
    root = root_of(run_dir)
    notes = Notes(root, run_dir.name)
    # A run that is resumed has the process of its earlier part still: whoever comes later waits, and finds it done.
    with notes.lock():
        notes.load()
        send(run_dir, root, notes)


def root_of(run_dir: Path) -> Path:
    """The storage root of a run's folder `<root>/<project>/<name>/runs/<id>`."""
    return run_dir.parents[3]


def send(
    run_dir: Path,
    root: Path,
    notes: Notes,
    *,
    patience: float = PATIENCE,
    follow: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Send a run until all of it is there; the lock of its notes is held.

    Args:
        run_dir: its folder.
        root: its storage root.
        notes: what is remembered of sending it.
        patience: seconds for which a server that is away is asked again, once the run has ended.
        follow: go on while the run does.
        sleep: waits so many seconds.

    Returns:
        Why something was not sent, as a sentence; "" when all of it is there.
    """
    try:
        server = Server(str(notes.content.get("url")), run_dir.name, str(notes.content.get("sender") or ""))
    except ValueError as error:
        return _noted(notes, str(error))
    upload = RunUpload(run_dir, root, notes, server)
    pause, waited, taken = 0.0, 0.0, 0
    while True:
        # Asked before the files are looked at: what was written before the end is sent then.
        last = has_ended(run_dir) or not follow
        try:
            moved = upload.one_pass()
        except Away as error:
            _noted(notes, str(error))
            if last and (waited > patience or (isinstance(error, Denied) and not follow)):
                return str(error)
            # Whoever takes something between two cuts is there.
            pause = next_pause(pause if server.taken == taken else 0.0, error.pause)
            taken = server.taken
            waited += pause if last else 0.0
            sleep(pause)
            continue
        except (Conflict, Gone, OSError) as error:
            return _given_up(notes, error)
        pause = 0.0
        problem = "; ".join([*upload.problems.values(), *upload.artifact_problems()])
        if last and not moved:
            notes.content["done"] = has_ended(run_dir) and not problem
            return _noted(notes, problem)
        _noted(notes, problem)
        if not moved:
            sleep(POLL)


def _given_up(notes: Notes, error: Exception) -> str:
    """Note why nothing more is sent; the sentence, or "" where nothing needs to be."""
    if isinstance(error, Conflict) and error.same_store:
        notes.content["done"] = True
        return _noted(notes, "")
    if isinstance(error, Gone):
        notes.content["gone"] = True
        return _noted(notes, f"{error}: it was removed there, and is not sent again")
    if isinstance(error, OSError):
        return _noted(notes, f"{error.filename}: {error.strerror or error}")
    return _noted(notes, str(error))


def next_pause(last: float, asked: float | None) -> float:
    """Seconds until a server that is away is asked again: longer and longer, and not all at the same moment.

    A pause is about a fourth longer than the one before it, so a server that comes back is found after about a fifth
    of the time for which it was away.
    """
    if asked is not None:
        return min(max(asked, 0.1), LONGEST_PAUSE)
    spread = random.uniform(0.7, 1.0)
    return max(FIRST_PAUSE * spread, min(last * random.uniform(1.0, LONGER), LONGEST_PAUSE * spread))


def has_ended(run_dir: Path) -> bool:
    """Whether nothing more is written to a run: it says so, or its process on this machine is gone."""
    if layout.read_json(run_dir / layout.STATUS)[0].get("status") != layout.RUNNING:
        return True
    meta = layout.read_json(run_dir / layout.META)[0]
    here = identity()
    if any(meta.get(key) != here[key] for key in ("machine_id", "pid_namespace")):
        return False
    pid, start, boot = meta.get("pid"), meta.get("process_start"), meta.get("boot_id")
    start = float(start) if isinstance(start, int | float) else None
    return isinstance(pid, int) and _os.process_gone(pid, start, boot if isinstance(boot, str) else "")


def _noted(notes: Notes, problem: str) -> str:
    if notes.content.get("problem") != problem or notes.content.get("done"):
        notes.content["problem"] = problem
        notes.save()
    return problem
