"""`runicorn run`: run a script of another tracker unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runicorn import _platform
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE

CONTEXT = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""Options after the script belong to the script."""


class Other(StrEnum):
    """Trackers that can log beside Runicorn."""

    WANDB = "wandb"
    TRACKIO = "trackio"
    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


def run(
    script: Annotated[
        list[str], typer.Argument(metavar="SCRIPT [ARG]...", help="The script and its arguments.")
    ],
    also: Annotated[
        list[Other] | None, typer.Option(help="Log to this tracker, too; it must be installed.")
    ] = None,
    module: Annotated[bool, typer.Option("-m", help="SCRIPT is the name of a module.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root of the runs.")] = None,
) -> None:
    """Run a script whose `wandb`, `trackio`, TensorBoard or MLflow calls log here; it stays unchanged.

    Exit code, output and tracebacks are those of the script. Python processes that it starts log here, too.

    Examples:

      runicorn run train.py --epochs 3

      runicorn run --also wandb train.py
    """
    if not module and not Path(script[0]).exists():
        common.exit_with(f"{script[0]} does not exist.", NOT_AVAILABLE)
    environment = dict(os.environ)
    if storage is not None:
        environment["RUNICORN_DIR"] = str(storage.absolute())
    options = [word for tracker in also or () for word in ("--also", tracker.value)]
    command = [sys.executable, "-m", "runicorn.compat", *options, *(["-m"] if module else []), *script]
    # The script gets a process of its own, which has imported nothing of the command line.
    if _platform.WINDOWS:
        sys.exit(subprocess.call(command, env=environment))
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)
