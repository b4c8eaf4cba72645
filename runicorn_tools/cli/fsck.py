"""`runicorn fsck`: check a store for missing and damaged data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runicorn.store.units import number_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn_tools.fsck.report import Finding, Report


def fsck(
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare sizes of artifacts and media instead of digests.")
    ] = False,
    server: Annotated[str, typer.Option(help="Also compare runs with those of a server, by digest.")] = "",
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Rewrite artifact indexes, remove broken caches and leftover temporary files."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Check a store: runs, journals, logs, media and artifacts. Exit code 1 if data is missing or damaged.

    Never changes data, not even with --repair.

    Examples:

      runicorn fsck

      runicorn fsck --quick --json
    """
    root = common.existing_root(storage)
    with common.exit_on_error():
        from runicorn_tools.fsck import check

        report = check(root, contents=not quick, should_repair=repair)
        if server:
            _compare(root, server, report)
        if as_json:
            common.print_json(report.to_dict())
        else:
            _show(report)
    if report.errors:
        raise typer.Exit(FAILED)


def _compare(root: Path, url: str, report: Report) -> None:
    from runicorn.api.errors import RunicornAPIError
    from runicorn_tools.fsck.server import compare_with_server

    try:
        compare_with_server(root, url, report)
    except ValueError as error:
        common.exit_with(str(error), USAGE)
    except RunicornAPIError as error:
        common.exit_with(f"{url}: {error}", NOT_AVAILABLE)


def _show(report: Report) -> None:
    for finding in report.findings:
        typer.echo(common.printable(_line(finding)))
    common.print_notice(
        f"Checked {number_of(report.runs, 'run')} with {number_of(report.records, 'record')} and "
        f"{number_of(report.media, 'media file')}, {number_of(report.versions, 'artifact version')} with "
        f"{number_of(report.files, 'file')}: {number_of(report.errors, 'error')}, "
        f"{number_of(report.warnings, 'warning')}."
    )


def _line(finding: Finding) -> str:
    word = "repaired" if finding.is_repaired else finding.severity
    return f"{word}: {finding.path}: {finding.message}"
