"""The catalog that a verb asks, and the options that choose it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from runicorn.cli.collection_pause import collections_paused
from runicorn.settings import user
from runicorn_site.catalog.base import BadQuestion, Catalog, CatalogError, NotAvailable, NotPermitted
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.names import LATEST, find_run, find_runs
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

RUN_HELP = "A run: an id, its unique beginning, a unique name, latest, best:METRIC, or @baseline."
CODES: tuple[tuple[type[CatalogError], int], ...] = (
    (BadQuestion, USAGE),
    (NotPermitted, PERMISSION),
    (NotAvailable, NOT_AVAILABLE),
    (CatalogError, FAILED),
)
COMPLETED = 30
"""Most names that the shell offers."""


def complete_run(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return names of runs of the store that begin with a text, each with its project and name."""
    from runicorn_site.catalog.base import Query
    from runicorn_site.catalog.store import StoreCatalog

    storage = ctx.params.get("storage")
    root = user.storage_root(storage)
    if not root.is_dir() or ctx.params.get("url"):
        return []
    newest = StoreCatalog(root).select(Query(limit=1000))
    names = [(LATEST, "the newest run"), *((run.id, f"{run.project}/{run.label}") for run in newest)]
    names += [(name, "") for name in dict.fromkeys(run.label for run in newest) if incomplete]
    return [(name, about) for name, about in names if name.startswith(incomplete)][:COMPLETED]


Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help=RUN_HELP, autocompletion=complete_run)]
SomeRuns = Annotated[
    list[str] | None, typer.Argument(metavar="[RUN...]", help=RUN_HELP, autocompletion=complete_run)
]
OneRun = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP, autocompletion=complete_run)]
Storage = Annotated[Path | None, typer.Option(help="The storage root.")]
Url = Annotated[str, typer.Option(help="A viewer to ask instead of reading the store.")]
Token = Annotated[str | None, typer.Option(help="Token for --url.", envvar="RUNICORN_TOKEN")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


@contextmanager
def opened(url: str, token: str | None, storage: Path | None) -> Iterator[Catalog]:
    """Open the catalog of a viewer or a store; exit with a sentence if it cannot answer."""
    if url and storage is not None:
        common.exit_with("--url and --storage exclude each other", USAGE)
    try:
        catalog = _viewer(url, token) if url else _store(storage)
        try:
            yield catalog
        finally:
            catalog.close()
    except CatalogError as error:
        common.exit_with(str(error), next(code for kind, code in CODES if isinstance(error, kind)))
    except BrokenPipeError:  # the reader closed the pipe: click exits quietly
        raise
    except OSError as error:
        common.exit_with(*common.describe_error(error))


def runs_of(catalog: Catalog, names: Sequence[str], *, metrics: bool = False) -> list[RunEntry]:
    """Return the runs that the arguments name."""
    return find_runs(catalog, list(names), metrics=metrics)


def run_of(catalog: Catalog, name: str, *, metrics: bool = False) -> RunEntry:
    """Return the one run that an argument names."""
    return find_run(catalog, name, metrics=metrics)


def _store(storage: Path | None) -> Catalog:
    with collections_paused():
        from runicorn_site.catalog.store import StoreCatalog

    return StoreCatalog(common.existing_root(storage), common.print_error)


def _viewer(url: str, token: str | None) -> Catalog:
    with collections_paused():
        from runicorn.api.client import RunicornClient
        from runicorn_site.catalog.viewer import ViewerCatalog

    try:
        return ViewerCatalog(RunicornClient(url, token=token or None), time.sleep)
    except ValueError as error:
        common.exit_with(str(error), USAGE)
