"""The command `runicorn top`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from runicorn_site.catalog.base import Query
from runicorn_site.cli.runs import columns as table_columns
from runicorn_site.cli.runs.columns import COLUMNS_HELP, SORT_HELP
from runicorn_site.cli.runs.ls import ls
from runicorn_site.cli.runs.source import AsCsv, AsJson, Storage, Token, Url, opened
from runicorn_site.cli.support.selection import WHERE
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE

USUAL = ("id", "project", "name", "state", "created_at", "duration", "best")


def top(
    words: Annotated[list[str] | None, typer.Argument(help="Words in name, tags, note or id.")] = None,
    where: Annotated[str, typer.Option("--where", "-w", help=WHERE)] = "",
    project: Annotated[str | None, typer.Option("--project", "-p", help="The runs of a project.")] = None,
    columns: Annotated[str, typer.Option("--columns", "-c", help=COLUMNS_HELP)] = "",
    sort: Annotated[str, typer.Option("--sort", "-s", help=SORT_HELP)] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Number of runs.")] = 100,
    interval: Annotated[
        float, typer.Option("--interval", "-i", min=0.2, help="Seconds between two looks.")
    ] = 2.0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Show a table of runs that refreshes itself, and their curves and logs while they grow.

    Keys: arrows, Enter opens the curves and the log of a run, or of those marked with Space; s and S sort by the next
    or the previous column, r reverses, / finds words, w sets a condition, q quits. Needs the package textual:
    pip install textual. Into a pipe, and with --json or --csv, the table is printed once.

    Examples:

      runicorn top

      runicorn top --where "state = running" --columns +metric.loss --sort metric.loss
    """
    if as_json or as_csv or not (sys.stdin.isatty() and sys.stdout.isatty()):
        own = columns or ",".join(USUAL)
        ls(words, where, project, own, sort, "", limit, False, False, as_json, as_csv, url, token, storage)
        return
    try:
        from runicorn_site.cli.top.app import TopApp
    except ImportError as error:
        if not (error.name or "").startswith("textual"):
            raise
        common.exit_with("textual is missing: pip install textual", NOT_AVAILABLE)
    order, descending = table_columns.order(sort)
    keys = table_columns.chosen(columns, USUAL)
    query = Query(
        where=where,
        project=project,
        text=" ".join(words or ()),
        order=order,
        descending=descending,
        limit=limit,
        metrics=table_columns.need_metrics(keys),
        primary=table_columns.BEST in keys,
    )
    with opened(url, token, storage) as catalog:
        # Errors before the screen is taken are sentences in the terminal.
        entries = catalog.select(query)
        TopApp(catalog, query, keys, entries, interval).run()
