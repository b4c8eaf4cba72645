"""`runicorn import`: add the runs and artifacts of an archive to a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.settings import user
from runicorn.store.progress import show_progress
from runicorn.store.units import format_bytes, number_of
from runicorn_tools.archives.limits import ArchiveRefused, configured
from runicorn_tools.archives.read import Outcome, import_archive
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE


def import_(
    file: Annotated[
        Path | None, typer.Argument(help="The archive: zip, tar or tar.gz.", metavar="FILE")
    ] = None,
    archive: Annotated[Path | None, typer.Option("--archive", help="Same as FILE.")] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Only add runs that do not exist; the default.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace existing runs that are not running, and files of projects."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be imported.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root; created if missing.")] = None,
) -> None:
    """Add the runs and artifacts of an archive to the store.

    An archive that is damaged, too large, or not an archive of runs is rejected as a whole. Existing runs are only
    replaced with --overwrite.

    Examples:

      runicorn import vision.zip --dry-run

      runicorn import vision.zip
    """
    path = file or archive
    if path is None or (file and archive):
        common.exit_with("Specify an archive: runicorn import FILE", USAGE)
    if merge and overwrite:
        common.exit_with("--merge and --overwrite exclude each other", USAGE)
    if not path.is_file():
        common.exit_with(f"Archive not found: {path}", NOT_AVAILABLE)
    try:
        limits = configured()
    except ValueError as error:
        common.exit_with(str(error), USAGE)
    root = user.storage_root(storage)
    with common.exit_on_error(), _created_folder(root):
        progress = show_progress("Reading:", path.stat().st_size)
        try:
            with path.open("rb") as content:
                outcome = import_archive(
                    root, content, overwrite=overwrite, dry_run=dry_run, limits=limits, progress=progress
                )
        except ArchiveRefused as error:
            common.exit_with(f"Nothing was imported. {error}", FAILED)
        finally:
            progress.close()
    if as_json:
        common.print_json(_answer(outcome, root, dry_run))
    else:
        _say(outcome, root, dry_run)


@contextmanager
def _created_folder(root: Path) -> Iterator[None]:
    """Create the folder of the store, and remove it again if nothing was imported."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    root.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()


def _answer(outcome: Outcome, root: Path, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "imported_files": outcome.files,
        "bytes": outcome.bytes,
        "new_run_dirs": [str(root / relative) for relative in outcome.runs],
        "new_run_ids": [relative.rpartition("/")[2] for relative in outcome.runs],
        "replaced_run_ids": [relative.rpartition("/")[2] for relative in outcome.replaced],
        "new_artifacts": outcome.versions,
        "left": outcome.left,
        "storage": str(root),
    }


def _say(outcome: Outcome, root: Path, dry_run: bool) -> None:
    for label, names in (("new", outcome.new), ("replaced", outcome.replaced)):
        for name in names:
            typer.echo(common.printable(f"  {label:8} {name}"))
    for name, reason in outcome.left.items():
        typer.echo(common.printable(f"  {'left':8} {name}: {reason}"))
    begin = "Would import" if dry_run else "Imported"
    files = f"{number_of(outcome.files, 'file')} ({format_bytes(outcome.bytes)})"
    typer.echo(common.printable(f"{begin} {files} into {root}"))
