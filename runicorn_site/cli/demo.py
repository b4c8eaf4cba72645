"""`runicorn demo`."""

from __future__ import annotations

import os
import shlex
import signal
import threading
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from runicorn.settings import user
from runicorn.store.units import number_of
from runicorn_site.demo.trials import LIMIT, plan
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, PERMISSION, USAGE


def demo(
    storage: Annotated[Path | None, typer.Option(help="The storage root to write to.")] = None,
    runs: Annotated[int, typer.Option(min=1, max=LIMIT, help="How many networks to train.")] = 14,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the hyperparameters; the same seed repeats the search.")
    ] = 0,
    while_open: Annotated[bool, typer.Option(hidden=True, help="Stop when the input is closed.")] = False,
) -> None:
    """Train small networks on handwritten digits and log them as runs.

    Each config has three seeds. With three or more runs, one diverges and one crashes.

    Examples:

      runicorn demo

      runicorn demo --runs 3 --seed 1
    """
    if while_open:
        threading.Thread(target=_stop_at_the_end_of_input, daemon=True).start()
    root = _writable(user.storage_root(storage))
    # A single thread is faster for matrices this small; BLAS reads this when numpy is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from runicorn_site.demo import search

    data, began, crashed = search.load(), time.monotonic(), 0
    trials, baseline = plan(runs, seed), list[str]()
    console = Console(stderr=True, soft_wrap=True)
    for trial in track(trials, "Training networks", console=console, transient=True):
        try:
            run_id = search.train(trial, data, root)
            if trial.group == trials[0].group:
                baseline.append(run_id)
        except IndexError:  # the trial whose schedule is too short
            crashed += 1
    search.describe_project(root, baseline)
    mishaps = f" ({crashed} crashed, as planned)" if crashed else ""
    viewers = [str(viewer["url"]) for viewer in user.running_viewers() if viewer["root"] == str(root)]
    where = viewers[0] if viewers else f"runicorn viewer --storage {shlex.quote(str(root))}"
    took = f"{time.monotonic() - began:.0f} s{mishaps}"
    typer.echo(f"{number_of(runs, 'run')} in {took}. View them: {where}")


def _stop_at_the_end_of_input() -> None:
    """Stop when the server that started the demo has ended."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _writable(root: Path) -> Path:
    """Create the storage root; exit if it is not writable."""
    if user.get("RUNICORN_MODE").strip().lower() == "disabled":
        common.exit_with("RUNICORN_MODE is disabled: the demo would store nothing.", USAGE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=root):
            return root
    except OSError as error:
        code = PERMISSION if isinstance(error, PermissionError) else NOT_AVAILABLE
        common.exit_with(f"cannot write to {root}: {error.strerror}.", code)
