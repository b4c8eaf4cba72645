"""`runicorn tag`, `note`, `rm`, and the restoration of runs from the recycle bin."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn_site.catalog.base import Query, UnknownRun
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.runs.source import (
    AsJson,
    OneRun,
    Runs,
    SomeRuns,
    Storage,
    Token,
    Url,
    opened,
    run_of,
    runs_of,
)
from runicorn_site.cli.support.selection import WHERE
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import USAGE

DAY = 86400


def tag(
    runs: Runs,
    add: Annotated[
        list[str] | None, typer.Option("--add", "-a", help="A tag to add; may be repeated.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", "-r", help="A tag to remove; may be repeated.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove all other tags; without --add, all.")
    ] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Add tags to runs and remove them, or print those that they have.

    Examples:

      runicorn tag 20260114_153045_a1b2c3 --add good --add paper --remove draft

      runicorn tag latest
    """
    with opened(url, token, storage) as catalog:
        try:
            entries = runs_of(catalog, runs)
        except UnknownRun as error:
            if add or remove or replace or len(runs) == 1:
                raise
            raise UnknownRun(f"{error} To add a tag: --add {runs[-1]}") from error
        if add or remove or replace:
            for entry in entries:
                dropped = [tag for tag in entry.tags if replace and tag not in (add or ())]
                entry.tags = catalog.change_tags(entry, add or [], [*(remove or ()), *dropped])
    if as_json:
        common.print_json({entry.id: entry.tags for entry in entries})
        return
    for entry in entries:
        typer.echo(common.printable(f"{entry.id}: {', '.join(entry.tags) or 'no tags'}"))


def note(
    run: OneRun,
    words: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text; - reads it from stdin.")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Add a paragraph to the note.")] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Write the note of a run, in Markdown, or print it.

    Examples:

      runicorn note 20260114_153045_a1b2c3 "Diverged after the warm-up." --append

      runicorn note latest
    """
    if append and words is None:
        common.exit_with("--append needs a text", USAGE)
    with opened(url, token, storage) as catalog:
        entry = run_of(catalog, run)
        if words is not None:
            text = sys.stdin.read() if words == "-" else words
            if append:
                entry.description = catalog.append_to_note(entry, text)
            else:
                entry.description = text
                catalog.set_note(entry, text)
    if as_json:
        common.print_json({"id": entry.id, "note": entry.description})
    elif words is None and not entry.description:
        common.print_notice(f"{entry.id} has no note.")
    elif words is None:
        typer.echo("\n".join(map(common.printable, entry.description.splitlines())))


def rm(
    runs: SomeRuns = None,
    where: Annotated[str, typer.Option("--where", "-w", help=f"Runs that satisfy it. {WHERE}")] = "",
    project: Annotated[str | None, typer.Option("--project", "-p", help="The runs of a project.")] = None,
    older_than: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="Runs that ended so many days ago; pinned and archived ones stay."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be moved.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Without confirmation.")] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Move runs to the recycle bin; `runicorn restore RUN` takes them out again.

    Examples:

      runicorn rm 20260114_153045_a1b2c3 --yes

      runicorn rm --where "state = failed" --older-than 30 --dry-run
    """
    selects = bool(where) or project is not None or older_than is not None
    if selects == bool(runs):
        common.exit_with("Name runs, or select them by --where, --project and --older-than", USAGE)
    with opened(url, token, storage) as catalog:
        if runs:
            entries = [entry for entry in runs_of(catalog, runs) if entry.deleted_at is None]
        else:
            entries = catalog.select(Query(where=where, project=project))
            entries = [entry for entry in entries if _is_old(entry, older_than)]
        if not as_json:
            _print_list(entries)
        question = f"Move {number_of(len(entries), 'run')} to the recycle bin?"
        is_sure = not entries or dry_run or common.confirm(question, yes, "--yes")
        if is_sure and not dry_run:
            catalog.delete(entries)
    if as_json:
        deleted: dict[str, object] = {"deleted": [entry.id for entry in entries] if is_sure else []}
        common.print_json({**deleted, "dry_run": True} if dry_run else deleted)
    elif dry_run:
        typer.echo(f"{number_of(len(entries), 'run')} would move to the recycle bin.")
    else:
        typer.echo(
            f"{number_of(len(entries), 'run')} moved to the recycle bin."
            if is_sure
            else "Nothing was changed."
        )


def _is_old(entry: RunEntry, days: float | None) -> bool:
    if days is None:
        return True
    is_ended = entry.status != layout.RUNNING and not entry.pinned and not entry.archived
    return is_ended and (entry.ended_at or entry.created_at) < time.time() - days * DAY


def restore_runs(names: list[str], as_json: bool, url: str, token: str | None, storage: Path | None) -> None:
    """Take runs out of the recycle bin."""
    with opened(url, token, storage) as catalog:
        entries = [entry for entry in runs_of(catalog, names) if entry.deleted_at is not None]
        catalog.restore(entries)
    if as_json:
        common.print_json({"restored": [entry.id for entry in entries]})
        return
    _print_list(entries)
    typer.echo(f"{number_of(len(entries), 'run')} restored.")


def _print_list(entries: list[RunEntry]) -> None:
    for entry in entries:
        typer.echo(common.printable(f"  {entry.id}  {entry.project}/{entry.name}"))
