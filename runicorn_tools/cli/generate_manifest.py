"""`runicorn generate-manifest`: list the content of a store for its mirrors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runicorn.store.units import format_bytes, number_of
from runicorn_tools.cli.support import common
from runicorn_tools.sync.manifest.generator import ManifestGenerator
from runicorn_tools.sync.manifest.model import ManifestType


def generate_manifest(
    root: Annotated[Path | None, typer.Option(help="The storage root; same as --storage.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Output file; default: .runicorn/<type>_manifest.json in the root.")
    ] = None,
    active: Annotated[bool, typer.Option("--active/--full", help="Only active runs, or all runs.")] = False,
    active_window: Annotated[
        int, typer.Option(min=1, help="Seconds after its last write for which a run counts as active.")
    ] = 3600,
    no_incremental: Annotated[
        bool, typer.Option("--no-incremental", help="Scan every file again, and save no state.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Write a manifest of a store: `.json`, and compressed as `.json.gz`.

    Cheap to repeat: an ended run costs one stat of its folder. Run it by a timer, as described in docs/guides/sync.md.

    Examples:

      runicorn generate-manifest --root "$RUNICORN_DIR"

      runicorn generate-manifest --root "$RUNICORN_DIR" --active
    """
    place = common.existing_root(root or storage)
    kind = ManifestType.ACTIVE if active else ManifestType.FULL
    with common.exit_on_error():
        generator = ManifestGenerator(
            place, active_window_seconds=active_window, incremental=not no_incremental
        )
        manifest, path = generator.generate(kind, output)
    totals = (manifest.total_experiments, manifest.total_files, manifest.total_bytes)
    if as_json:
        names = ("total_experiments", "total_files", "total_bytes")
        about = {"path": str(path), "compressed": f"{path}.gz", "type": kind.value}
        marks = {"revision": manifest.revision, "snapshot_id": manifest.snapshot_id}
        common.print_json(about | marks | dict(zip(names, totals, strict=True)) | {"unread": manifest.unread})
        return
    runs, files, total = totals
    typer.echo(
        f"{kind.value} manifest, revision {manifest.revision}: {number_of(runs, 'run')}, "
        f"{number_of(files, 'file')}, {format_bytes(total)}"
    )
    typer.echo(common.printable(str(path)))
    if verbose:
        typer.echo(common.printable(f"{path}.gz"))
        typer.echo(common.printable(f"snapshot {manifest.snapshot_id} of {place}"))
    for folder in manifest.unread:
        common.print_error(f"{folder} could not be read; it is listed as unread.")
