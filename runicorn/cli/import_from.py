"""`runicorn import-from`: the experiments of another tracker, as runs of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runicorn import layout, settings
from runicorn.cli import asking
from runicorn.cli.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn.foreign.experiment import Experiment, NotReadable
from runicorn.foreign.taking import Taken, take

SHOWN = 10


class Tracker(StrEnum):
    """Whose files are read."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"
    AIM = "aim"
    TRACKIO = "trackio"


def import_from(
    tracker: Annotated[Tracker, typer.Argument(help="The tracker that wrote them.")],
    path: Annotated[Path, typer.Argument(help="Its folder, or one of its files.")],
    project: Annotated[
        str, typer.Option(help="Put all runs into this project instead of those of the tracker.")
    ] = "",
    python: Annotated[
        str, typer.Option(help="A Python that has Aim; only its own library opens its repositories.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be new.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root; made when it is missing.")] = None,
) -> None:
    """Make runs of the experiments of another tracker, with their metrics, steps, times, settings, tags and files.

    What was imported before is left as it is, so the command can be given again.

    Examples:

      runicorn import-from tensorboard logs --project vision

      runicorn import-from mlflow . --dry-run

      runicorn import-from wandb wandb
    """
    if not path.exists():
        asking.stop(f"There is nothing at {path}.", NOT_AVAILABLE)
    root = settings.storage_root(storage)
    with asking.told():
        root.mkdir(parents=True, exist_ok=True)
        try:
            taken = take(root, reader(tracker, python)(path), project=project, dry_run=dry_run)
        except layout.InvalidName as error:
            asking.stop(str(error), USAGE)
        except NotReadable as error:
            asking.stop(str(error), FAILED)
    if as_json:
        asking.show_json(
            {
                "dry_run": dry_run,
                "new_run_dirs": [str(root / place) for place in taken.runs],
                "new_run_ids": [place.rpartition("/")[2] for place in taken.runs],
                "there": [place.rpartition("/")[2] for place in taken.there],
                "records": taken.points,
                "new_artifacts": taken.versions,
                "left": taken.left,
                "storage": str(root),
            }
        )
    else:
        _say(taken, root, dry_run)


def reader(tracker: Tracker, python: str = "") -> Callable[[Path], Iterator[Experiment]]:
    """What reads the files of a tracker."""
    if tracker is Tracker.TENSORBOARD:
        from runicorn.foreign.tensorboard import read
    elif tracker is Tracker.MLFLOW:
        from runicorn.foreign.mlflow import read
    elif tracker is Tracker.WANDB:
        from runicorn.foreign.wandb import read
    elif tracker is Tracker.TRACKIO:
        from runicorn.foreign.trackio import read
    else:
        from runicorn.foreign import aim

        return lambda path: aim.read(path, python)
    return read


def _say(taken: Taken, root: Path, dry_run: bool) -> None:
    for place in taken.runs:
        typer.echo(asking.printable(f"  new      {place}"))
    for version in taken.versions:
        typer.echo(asking.printable(f"  new      {version}"))
    for sentence in taken.left[:SHOWN]:
        asking.remark(f"  left     {sentence}")
    if len(taken.left) > SHOWN:
        asking.remark(f"  left     and {len(taken.left) - SHOWN} more: --json names all.")
    begin = "Would import" if dry_run else "Imported"
    there = f", {len(taken.there)} were there already" if taken.there else ""
    records = "" if dry_run else f" with {taken.points} records"
    typer.echo(asking.printable(f"{begin} {len(taken.runs)} runs{records} into {root}{there}."))
