"""`runicorn import-from`: import the experiments of another tracker."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.extension_points import TRACKERS, entries, load
from runicorn.settings import user
from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn_importers.experiment import Experiment, NotReadable, Unreadable
from runicorn_importers.samples.folders import FRAMEWORKS, import_samples, needs_arrow, sample_folders
from runicorn_importers.writing.writer import ImportReport, Item, import_experiments, summary
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE

SHOWN = 10
SAMPLES = "samples"
"""Name under which samples of frameworks are imported."""
ONLINE = re.compile(r"[\w.-]+/[\w.-]+")
"""Entity and project of W&B."""
RESULT_LABELS = {"taken": "new", "updated": "updated"}


Tracker = StrEnum("Tracker", {entry.name.upper(): entry.name for entry in entries(TRACKERS)})  # type: ignore[misc]


def import_from(
    tracker: Annotated[Tracker, typer.Argument(help="The other tracker.")],
    path: Annotated[
        Path, typer.Argument(help="Its folder, one of its files, or ENTITY/PROJECT on a W&B server.")
    ],
    project: Annotated[
        str, typer.Option(help="Import all runs into this project, instead of the tracker's.")
    ] = "",
    run: Annotated[str, typer.Option(help="samples: id of the run that they belong to.")] = "",
    python: Annotated[
        str, typer.Option(help="A Python with Aim installed; only Aim can open its repositories.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be imported.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root; created if missing.")] = None,
) -> None:
    """Import the experiments of another tracker, with their metrics, steps, times, settings, tags and files.

    The command can be repeated: runs whose source has changed are updated, others stay unchanged. A run that
    cannot be read is reported, and the others are imported; the exit code is 1 then.

    Examples:

      runicorn import-from tensorboard logs --project vision

      runicorn import-from mlflow . --dry-run

      runicorn import-from wandb wandb

      runicorn import-from wandb my-team/my-project

      runicorn import-from samples outputs/grpo
    """
    is_online = tracker == "wandb" and not path.exists() and ONLINE.fullmatch(str(path)) is not None
    if not path.exists() and not is_online:
        common.exit_with(f"{path} does not exist.", NOT_AVAILABLE)
    root = user.storage_root(storage)
    key = _key() if is_online else ""
    with common.exit_on_error():
        root.mkdir(parents=True, exist_ok=True)
        try:
            if tracker == SAMPLES:
                report = _import_samples(root, path, project, run, dry_run)
            else:
                experiments = _online(path, key, root) if is_online else reader(tracker, python)(path)
                source = f"{tracker}:{path if is_online else path.resolve()}"
                report = import_experiments(
                    root, experiments, project=project, dry_run=dry_run, source=source
                )
        except layout.InvalidName as error:
            common.exit_with(str(error), USAGE)
        except NotReadable as error:
            common.exit_with(str(error), FAILED)
    _finish(report, root, dry_run, as_json)


def _finish(report: ImportReport, root: Path, dry_run: bool, as_json: bool) -> None:
    """Print the report, and exit with its code."""
    if as_json:
        common.print_json(_answer(report, root, dry_run))
    else:
        _print_report(report, dry_run)
    if report.failed or report.differences:
        raise typer.Exit(FAILED)


def _import_samples(root: Path, path: Path, project: str, run: str, dry_run: bool) -> ImportReport:
    folders = list(sample_folders(path))
    if not folders:
        raise NotReadable(f"{path} contains no samples of {', '.join(FRAMEWORKS)}.")
    report = ImportReport()
    for folder in folders:
        if dry_run:
            files = number_of(len(folder.sources()), "file")
            report.items.append(Item(str(folder.path), "taken", f"{folder.framework}: {files}"))
            continue
        try:
            part = import_samples(root, folder, project=project, run=run)
        except ImportError as error:
            part = ImportReport([Item(str(folder.path), "failed", reason=needs_arrow(error))])
        report.items += part.items
        report.points += part.points
        report.omissions += part.omissions
    return report


def _key() -> str:
    """Return the API key of W&B, which is asked for at a terminal if it is not stored."""
    from runicorn_importers.wandb.server import address, known_key

    key = known_key(address())
    if not key and sys.stdin.isatty():
        key = str(typer.prompt("API key of W&B", hide_input=True, err=True)).strip()
    if not key:
        common.exit_with("There is no API key of W&B: set WANDB_API_KEY, or run `wandb login`.", USAGE)
    return key


def _online(path: Path, key: str, root: Path) -> Iterator[Experiment | Unreadable]:
    from runicorn_importers.wandb import online
    from runicorn_importers.wandb.server import Server, address

    entity, project = path.parts
    return online.read(Server(address(), key), entity, project, root)


def _answer(report: ImportReport, root: Path, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        **report.to_dict(),
        "new_run_dirs": [str(root / place) for place in report.runs],
        "new_run_ids": [_id(place) for place in report.runs],
        "updated_run_ids": [_id(place) for place in report.of("updated")],
        "there": [_id(place) for place in report.of("unchanged")],
        "records": report.points,
        "new_artifacts": report.versions,
        "storage": str(root),
    }


def _id(place: str) -> str:
    return place.rpartition("/")[2]


def reader(tracker: Tracker, python: str = "") -> Callable[[Path], Iterator[Experiment | Unreadable]]:
    """Return the function that reads the files of a tracker."""
    module = load(TRACKERS, tracker)
    if tracker == "aim":
        return lambda path: module.read(path, python)
    function: Callable[[Path], Iterator[Experiment | Unreadable]] = module.read
    return function


def _print_report(report: ImportReport, dry_run: bool) -> None:
    for item in report.items:
        if item.result in ("taken", "updated"):
            typer.echo(common.printable(f"  {RESULT_LABELS[item.result]:8} {item.run}"))
    for version in report.versions:
        typer.echo(common.printable(f"  new      {version}"))
    for sentence in report.omissions[:SHOWN]:
        common.print_notice(f"  left     {sentence}")
    if len(report.omissions) > SHOWN:
        common.print_notice(f"  left     and {len(report.omissions) - SHOWN} more: --json names all.")
    for item in report.failed:
        common.print_notice(f"  failed   {item.source}: {item.reason}")
    for sentence in report.differences:
        common.print_notice(f"  differs  {sentence}")
    if dry_run:
        typer.echo("Nothing was written. An import would end with:")
    else:
        totals = report.compared
        typer.echo(
            f"Compared with the source: {number_of(totals['runs'], 'run')} with {totals['series']:,} series and "
            f"{number_of(totals['points'], 'point')}; {totals['different']:,} of the runs differ."
        )
    typer.echo(summary(report.counts))
