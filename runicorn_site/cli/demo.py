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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runicorn.settings import user
from runicorn.store.units import number_of
from runicorn_site.demo.trials import LIMIT, Trial, plan
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, PERMISSION, USAGE


def demo(
    storage: Annotated[Path | None, typer.Option(help="The storage root to write to.")] = None,
    runs: Annotated[int, typer.Option(min=1, max=LIMIT, help="How many networks to train.")] = 12,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the hyperparameters; the same seed repeats the search.")
    ] = 0,
    while_open: Annotated[bool, typer.Option(hidden=True, help="Stop when the input is closed.")] = False,
) -> None:
    """Train small networks on handwritten digits and log them as runs.

    With three or more runs, one diverges and one crashes, as in a real search.

    Examples:

      runicorn demo

      runicorn demo --runs 3 --seed 1
    """
    if while_open:
        threading.Thread(target=_stop_at_the_end_of_input, daemon=True).start()
    root = _writable(user.storage_root(storage))
    began = time.monotonic()
    crashed = _play(plan(runs, seed), root, f"search-{seed}")
    mishaps = f" ({crashed} crashed, as planned)" if crashed else ""
    took = f"{time.monotonic() - began:.0f} s{mishaps}"
    typer.echo(f"{number_of(runs, 'run')} in {took}. View them: {_where(root)}")


def _stop_at_the_end_of_input() -> None:
    """Stop when the server that started the demo has ended."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _writable(root: Path) -> Path:
    """Create the storage root; exit if it is not writable."""
    if user.get("RUNICORN_MODE").strip().lower() == "disabled":
        typer.echo("runicorn: RUNICORN_MODE is disabled: the demo would store nothing.", err=True)
        raise typer.Exit(USAGE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=root):
            pass
    except OSError as error:
        typer.echo(f"runicorn: cannot write to {root}: {error.strerror}.", err=True)
        raise typer.Exit(PERMISSION if isinstance(error, PermissionError) else NOT_AVAILABLE) from error
    return root


def _play(trials: list[Trial], root: Path, group: str) -> int:
    """Run all trials under a progress bar; return how many crashed."""
    # A single thread is faster for matrices this small; BLAS reads this when numpy is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from runicorn_site.demo import digits
    from runicorn_site.demo.training import play

    data, crashed = digits.load(), 0
    epochs = sum(trial.epochs for trial in trials)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True, soft_wrap=True)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=epochs)
        done = 0
        for number, trial in enumerate(trials, start=1):
            progress.update(task, description=f"run {number} of {len(trials)}, epochs")
            crashed += not play(trial, data, root, group, lambda: progress.advance(task))
            done += trial.epochs
            progress.update(task, completed=done)
    return crashed


def _where(root: Path) -> str:
    """Return the URL of a viewer that shows this root, else the command that starts one."""
    addresses = [str(viewer["url"]) for viewer in user.running_viewers() if viewer["root"] == str(root)]
    return addresses[0] if addresses else f"runicorn viewer --storage {shlex.quote(str(root))}"
