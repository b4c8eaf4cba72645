"""`runicorn manage`: tags, search, and the recycle bin of a store."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.store import curation
from runicorn.store.state import State
from runicorn.store.units import format_bytes, number_of
from runicorn_site.cli.support.selection import WHERE, Choice, find_record, selected_records
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import USAGE

DAY = 86400


class ManageAction(StrEnum):
    """Action of the command."""

    TAG = "tag"
    SEARCH = "search"
    DELETE = "delete"
    CLEANUP = "cleanup"


def manage(
    action: Annotated[ManageAction, typer.Option(help="Action.")],
    run_id: Annotated[list[str] | None, typer.Option(help="A run id; may be repeated.")] = None,
    tags: Annotated[
        str | None, typer.Option(help="Comma-separated tags; search, cleanup: runs with all of them.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="tag: replace the existing tags.")] = False,
    project: Annotated[str | None, typer.Option(help="search, cleanup: the runs of a project.")] = None,
    name: Annotated[str | None, typer.Option(help="search, cleanup: the runs of an experiment.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="search, cleanup: runs of this status; may be repeated.")
    ] = None,
    state: Annotated[
        list[State] | None, typer.Option(help="search, cleanup: runs of this state; may be repeated.")
    ] = None,
    where: Annotated[str, typer.Option(help=f"search, cleanup: {WHERE[0].lower()}{WHERE[1:]}")] = "",
    text: Annotated[
        str, typer.Option(help="search, cleanup: words in name, tags, notes and id; all must match.")
    ] = "",
    days: Annotated[int, typer.Option(min=0, help="cleanup: runs that ended this many days ago.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")] = False,
    force: Annotated[
        bool, typer.Option("--force", "--yes", "-y", help="Delete without confirmation.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Tag, find and delete runs of a store: the earlier form of `runicorn tag`, `ls` and `rm`.

    Examples:

      runicorn manage --action search --project vision --where "metric.val_acc.best > 0.9"

      runicorn manage --action tag --run-id 20260114_153045_a1b2c3 --tags good,paper

      runicorn manage --action cleanup --days 90 --dry-run
    """
    root = common.existing_root(storage)
    words = [word.strip() for word in (tags or "").split(",") if word.strip()]
    if action in (ManageAction.TAG, ManageAction.DELETE) and (name or status or state or where):
        common.exit_with(
            "--name, --status, --state and --where are for search and cleanup; select runs by --run-id", USAGE
        )
    choice = Choice(run_id or (), project, name, status or (), state or (), words, text, where)
    with common.exit_on_error():
        if action is ManageAction.SEARCH:
            _search(selected_records(root, choice), as_json)
        elif action is ManageAction.TAG:
            if tags is None:
                common.exit_with("--tags is required for 'tag' action", USAGE)
            _tag(root, _records_by_id(root, run_id), words, replace, dry_run, as_json)
        else:
            records = (
                _records_by_id(root, run_id) if action is ManageAction.DELETE else _old(root, choice, days)
            )
            _delete(root, records, dry_run, force, as_json)


def _records_by_id(root: Path, run_ids: list[str] | None) -> list[Any]:
    if not run_ids:
        common.exit_with("--run-id is required for this action", USAGE)
    return [find_record(root, run_id) for run_id in dict.fromkeys(run_ids)]


def _old(root: Path, choice: Choice, days: int) -> list[Any]:
    """Return the chosen runs that ended more than `days` days ago and are neither pinned nor archived."""
    before = time.time() - days * DAY
    return [
        record
        for record in selected_records(root, choice)
        if record.status != "running"
        and not record.pinned
        and not record.archived
        and max(record.ended or 0.0, record.updated) < before
    ]


def _search(records: list[Any], as_json: bool) -> None:
    if as_json:
        common.print_json([_to_dict(record) for record in records])
        return
    if not records:
        typer.echo("No runs found.")
        return
    rows = [
        (
            record.run_id,
            record.project,
            record.name,
            record.state,
            common.format_time(record.created),
            ", ".join(record.tags),
        )
        for record in records
    ]
    common.print_table(("Run", "Project", "Experiment", "State", "Created", "Tags"), rows)


def _to_dict(record: Any) -> dict[str, Any]:
    return {
        "id": record.run_id,
        "project": record.project,
        "name": record.name,
        "status": record.status,
        "state": record.state,
        "state_reason": record.state_reason,
        "tags": record.tags,
        "description": record.description,
        "created_at": record.created,
        "updated_at": record.updated,
        "archived": record.archived,
        "pinned": record.pinned,
    }


def _tag(
    root: Path, records: list[Any], tags: list[str], replace: bool, dry_run: bool, as_json: bool
) -> None:
    from runs.store.reader import clean_tags

    def tagged(now: curation.RunFields) -> curation.RunFields:
        return {"tags": clean_tags([*([] if replace else now["tags"]), *tags])}

    def write(record: Any) -> None:
        folder = root / record.folder
        fields = {field: getattr(record, field) for field in curation.FIELDS}
        record.tags = curation.note(root, folder, fields, tagged)["tags"]

    if dry_run:
        for record in records:
            record.tags = tagged({"tags": record.tags})["tags"]
    _change(root, records, write, dry_run)
    if as_json:
        common.print_json({record.run_id: record.tags for record in records})
        return
    for record in records:
        typer.echo(common.printable(f"{record.run_id}: {', '.join(record.tags) or 'no tags'}"))


def _delete(root: Path, records: list[Any], dry_run: bool, force: bool, as_json: bool) -> None:
    going = [record for record in records if record.deleted is None]
    size = sum(record.stored_bytes or 0 for record in going)
    if not as_json:
        for record in records:
            there = "" if record.deleted is None else ": already in the recycle bin"
            typer.echo(common.printable(f"  {record.run_id}  {record.project}/{record.name}{there}"))
        typer.echo(f"{number_of(len(going), 'run')} with {format_bytes(size)} would move to the recycle bin.")
    is_sure = not going or dry_run or common.confirm("Delete them?", force, "--force")
    if is_sure:
        _change(root, going, lambda r: curation.put_into_bin(root, root / r.folder, r.status), dry_run)
    if as_json:
        common.print_json({"deleted": [r.run_id for r in going], "bytes": size, "dry_run": dry_run})
    elif not is_sure:
        typer.echo("Cancelled.")
    elif going and not dry_run:
        typer.echo(f"{number_of(len(going), 'run')} moved to the recycle bin.")


def _change(root: Path, records: list[Any], write: Callable[[Any], object], dry_run: bool) -> None:
    for record in records if not dry_run else ():
        write(record)
        curation.stir(root / record.folder)
