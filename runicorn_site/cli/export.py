"""`runicorn export`: write runs as an archive, or their metrics in other formats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from runicorn.store.progress import show_progress
from runicorn.store.state import State
from runicorn.store.units import format_bytes, number_of
from runicorn_site.cli.support.selection import WHERE, Choice, selected_records
from runicorn_tools.archives import document as archive_document
from runicorn_tools.archives import write as exporting
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE
from runicorn_tools.export.exporters import MetricsExporter, MissingLibrary


class Format(StrEnum):
    """Output format."""

    ZIP = "zip"
    TAR = "tar.gz"
    JSON = "json"
    CSV = "csv"
    EXCEL = "excel"
    PARQUET = "parquet"
    TENSORBOARD = "tensorboard"
    PAGE = "page"


ENDINGS = {
    Format.JSON: ".json",
    Format.CSV: "_metrics.csv",
    Format.EXCEL: "_metrics.xlsx",
    Format.PARQUET: "_metrics.parquet",
    Format.TENSORBOARD: "",
}
ARCHIVES = {".zip": Format.ZIP, ".tar.gz": Format.TAR, ".tgz": Format.TAR}


class Packing(NamedTuple):
    """Options of an archive."""

    artifacts: bool
    everything: bool
    compress: bool


Output = Annotated[
    Path | None, typer.Option("--output", "--out", "-o", help="Output file; a folder for several runs.")
]
DocumentName = Annotated[
    str,
    typer.Option(
        metavar="reports/NAME", help="A document of --project as one page, instead of runs; from a viewer."
    ),
]
ViewerUrl = Annotated[
    str, typer.Option(help="The viewer of --document; by default a running one of the store.")
]
Token = Annotated[str | None, typer.Option(help="Token for --url.", envvar="RUNICORN_TOKEN")]


class Viewer(NamedTuple):
    """Options of the viewer of a document."""

    url: str
    token: str | None
    storage: Path | None


def export(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="Runs: ids, their beginnings, names, latest or best:METRIC."),
    ] = None,
    run_id: Annotated[list[str] | None, typer.Option(help="A run id; may be repeated.")] = None,
    project: Annotated[str | None, typer.Option(help="Runs of this project.")] = None,
    name: Annotated[str | None, typer.Option(help="Runs of this experiment.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Runs of this status; may be repeated.")] = None,
    state: Annotated[list[State] | None, typer.Option(help="Runs of this state; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Runs with this tag; may be repeated.")] = None,
    where: Annotated[str, typer.Option(help=WHERE)] = "",
    format: Annotated[
        Format | None, typer.Option(help="Output format; default: by the name of the output, else zip.")
    ] = None,
    include_artifacts: Annotated[
        bool,
        typer.Option(
            "--include-artifacts", help="Include the artifact versions that the runs created or used."
        ),
    ] = False,
    include_deleted: Annotated[
        bool, typer.Option("--include-deleted", help="Include runs in the recycle bin.")
    ] = False,
    compress: Annotated[
        bool, typer.Option("--compress", help="Compress the zip; smaller but slower.")
    ] = False,
    document: DocumentName = "",
    output: Output = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the written files as JSON.")] = False,
    url: ViewerUrl = "",
    token: Token = None,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Write runs into an archive or a file of another format, or a document as one page.

    Examples:

      runicorn export --project vision --output vision.zip

      runicorn export latest --format page --output latest.html

      runicorn export --run-id 20260114_153045_a1b2c3 --include-artifacts

      runicorn export --where "config.lr < 0.05 and metric.val_acc.best > 0.9" --format csv --output tables
    """
    if document or url:
        path = _export_document(document, project, format, output, Viewer(url, token, storage))
        if as_json:
            common.print_json({"files": [str(path)], "runs": []})
        return
    root = common.existing_root(storage)
    ids = (*(run_id or ()), *(_named(root, runs) if runs else ()))
    deleted = None if include_deleted or ids else False
    choice = Choice(ids, project, name, status or (), state or (), tag or (), where=where, deleted=deleted)
    packing = Packing(include_artifacts, choice == Choice(deleted=deleted), compress)
    with common.exit_on_error():
        _export(root, choice, format or _by_name(output), output, packing, as_json)


def _export(
    root: Path, choice: Choice, kind: Format, output: Path | None, packing: Packing, as_json: bool
) -> None:
    records = selected_records(root, choice)
    if not records:
        typer.echo("No runs matched the given filters. Nothing to export.")
        return
    if kind is Format.PAGE:
        paths = [_page(root, [record.run_id for record in records], output)]
    elif kind in ENDINGS:
        paths = _export_each(root, records, kind, output)
    else:
        paths = _archive(root, records, kind, output, packing)
    if as_json:
        common.print_json({"files": [str(path) for path in paths], "runs": [r.run_id for r in records]})


def _export_document(
    document: str, project: str | None, kind: Format | None, output: Path | None, viewer: Viewer
) -> Path:
    from runicorn_site.cli.export_document import export_document

    if not document:
        common.exit_with("--url is the viewer of a --document", USAGE)
    if not project or kind not in (None, Format.PAGE):
        common.exit_with("--document needs --project, and its only --format is page", USAGE)
    with common.exit_on_error():
        return export_document(project, document, output, *viewer)


def _named(root: Path, names: list[str]) -> list[str]:
    """Return the ids of the runs that texts name."""
    from runicorn_site.cli.runs.source import opened, runs_of

    with opened("", None, root) as catalog:
        return [entry.id for entry in runs_of(catalog, names)]


def _page(root: Path, run_ids: list[str], output: Path | None) -> Path:
    """Write one interactive page of all runs."""
    from runicorn_site.catalog.names import find_runs
    from runicorn_site.catalog.store import StoreCatalog
    from runicorn_site.page_file.document import page_file

    catalog = StoreCatalog(root, common.print_error)
    name = f"{run_ids[0]}.html" if len(run_ids) == 1 else "runs.html"
    path = output / name if output and output.is_dir() else output or Path(name)
    path.write_text(page_file(catalog, find_runs(catalog, run_ids)).html, encoding="utf-8")
    size = format_bytes(path.stat().st_size)
    common.print_notice(f"{number_of(len(run_ids), 'run')}, {size} → {path}")
    return path


def _by_name(output: Path | None) -> Format:
    name = output.name.lower() if output else ""
    return next((kind for ending, kind in ARCHIVES.items() if name.endswith(ending)), Format.ZIP)


def _archive(
    root: Path, records: list[Any], kind: Format, output: Path | None, packing: Packing
) -> list[Path]:
    folders = [record.folder for record in records]
    versions = []
    if packing.artifacts:
        everything = packing.everything
        versions = exporting.all_versions(root) if everything else exporting.versions_of(root, folders)
    entries = [*exporting.run_entries(root, folders), *exporting.project_entries(root, folders)]
    entries += exporting.version_entries(root, versions)
    path = output or Path(f"runicorn_export_{time.strftime('%Y%m%d_%H%M%S')}.{kind.value}")
    path = path / f"runicorn_export.{kind.value}" if path.is_dir() else path
    about = exporting.about(folders, versions)
    progress = show_progress("Exporting:", sum(entry.size for entry in entries))
    try:
        if kind is Format.ZIP:
            packed = exporting.to_file(
                path,
                lambda file: exporting.write_zip(
                    file, about, entries, compress=packing.compress, progress=progress
                ),
            )
        else:
            packed = exporting.to_file(
                path, lambda file: exporting.write_tar(file, about, entries, progress=progress)
            )
    finally:
        progress.close()
    more = f" and {number_of(len(versions), 'artifact version')}" if versions else ""
    common.print_notice(
        f"{number_of(len(folders), 'run')}{more}, {number_of(packed.files, 'file')}, {format_bytes(packed.bytes)} → {path}"
    )
    return [path]


def _export_each(root: Path, records: list[Any], kind: Format, output: Path | None) -> list[Path]:
    """Write one file per run: `output` itself for a single run, else in that folder."""
    single = len(records) == 1 and kind is not Format.TENSORBOARD
    if single:
        ending = ENDINGS[kind]
        path = output or Path(f"{records[0].run_id}{ending}")
        targets = [path / f"{records[0].run_id}{ending}" if path.is_dir() else path]
    else:
        folder = output or Path(f"runicorn_export_{time.strftime('%Y%m%d_%H%M%S')}")
        if folder.exists() and not folder.is_dir():
            common.exit_with(f"{folder} is not a folder: {len(records)} runs are {len(records)} files", USAGE)
        if not folder.exists():
            common.print_notice(f"{len(records)} runs are {len(records)} files: creating the folder {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        targets = [folder / f"{record.run_id}{ENDINGS[kind]}" for record in records]
    paths = []
    for record, target in zip(records, targets, strict=True):
        if write_one(root / record.folder, kind.value, target):
            paths.append(target)
        else:
            common.print_error(f"{record.run_id} has no metrics; nothing was written for it.")
    if not paths:
        raise typer.Exit(FAILED)
    common.print_notice(f"{number_of(len(paths), 'run')} → {output or paths[0]}")
    return paths


def write_one(run_dir: Path, kind: str, target: Path) -> bool:
    """Write one run in a `Format` that is not an archive, or as a report; return False if there is nothing to write.

    Exits if a library is missing.
    """
    exporter = MetricsExporter(run_dir)
    write: dict[str, Callable[[], object]] = {
        "json": lambda: _write_all(target, archive_document.pieces(run_dir, include_media=True)),
        "csv": lambda: bool(exporter.columns()) and exporter.to_csv(target) is None,
        "excel": lambda: exporter.to_excel(target),
        "parquet": lambda: exporter.to_parquet(target),
        "tensorboard": lambda: exporter.to_tensorboard(target),
        "markdown": lambda: exporter.generate_report(target, "markdown"),
        "html": lambda: exporter.generate_report(target, "html"),
    }
    try:
        return bool(write[kind]())
    except MissingLibrary as error:
        common.exit_with(str(error), FAILED)


def _write_all(target: Path, pieces: Iterator[bytes]) -> bool:
    with target.open("wb") as file:
        file.writelines(pieces)
    return True
