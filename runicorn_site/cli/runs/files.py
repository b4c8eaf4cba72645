"""`runicorn get` and `runicorn tail`: files and logs of runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from runicorn.store.units import format_bytes, number_of
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.source import AsJson, OneRun, Storage, Token, Url, opened, run_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED


def get(
    run: OneRun,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Files, such as logs.txt or 'media/*'; default: all."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to copy into; default: one with the id of the run."),
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", "-l", help="List the files and copy nothing.")] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Copy the files of a run. A viewer sends the log and media; archives of runs are made by `runicorn export`.

    Examples:

      runicorn get latest --list

      runicorn get 20260114_153045_a1b2c3 logs.txt --output results
    """
    with opened(url, token, storage) as catalog:
        entry = run_of(catalog, run)
        files = [
            file
            for file in catalog.files(entry)
            if not patterns or any(fnmatchcase(file.path, pattern) for pattern in patterns)
        ]
        if not files:
            common.exit_with(f"{entry.id} has no such file; --list shows all", FAILED)
        target = output or Path(entry.id)
        for file in () if only_list else files:
            with common.exit_on_error():
                catalog.fetch(entry, file.path, target / file.path)
    if as_json:
        common.print_json(
            {
                "id": entry.id,
                "folder": None if only_list else str(target),
                "files": {f.path: f.size for f in files},
            }
        )
    elif only_list:
        text.print_table(["file", "size"], [[f.path, format_bytes(f.size)] for f in files], ["size"])
    else:
        size = format_bytes(sum(file.size for file in files))
        typer.echo(f"{number_of(len(files), 'file')} with {size} copied to {target}")


def tail(
    run: OneRun,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=1_000_000, help="Number of lines.")] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new lines too, until the run has ended.")
    ] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Print the end of a run's log.

    Examples:

      runicorn tail latest --lines 100
    """
    with opened(url, token, storage) as catalog:
        entry = run_of(catalog, run)
        if not follow:
            last = catalog.log_lines(entry, lines)
            if as_json:
                common.print_json({"id": entry.id, "lines": last})
                return
            for line in last:
                typer.echo(common.printable(line))
            if not last and lines:
                common.print_notice(
                    "The run has no log. rn.init(capture_console=True) records what it prints."
                )
            return
        for line in catalog.follow_log(entry, lines):
            typer.echo(common.printable(line))
