"""Which runs of a store a command is about: read from their folders, with nothing running and no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.cli.support import common
from runicorn.cli.support.exits import FAILED, USAGE
from runicorn.cli.support.server import ForeignModule, make_importable
from runicorn.store import find

WHERE = "A condition, as in docs/api/experiments.md: config.lr < 0.05 and metric.acc.best > 0.9"


@dataclass(frozen=True)
class Choice:
    """What is asked of the runs; what is empty asks nothing.

    Attributes:
        ids: these runs alone.
        project, name, statuses, tags, text: as in the table of runs; all tags and all words.
        where: a condition in the language of the API (`runs.query.where.parser`).
        deleted: whether runs in the recycle bin count, `None` for both kinds.
    """

    ids: Sequence[str] = ()
    project: str | None = None
    name: str | None = None
    statuses: Sequence[str] = ()
    tags: Sequence[str] = ()
    text: str = ""
    where: str = ""
    deleted: bool | None = False


def chosen(root: Path, choice: Choice) -> list[Any]:
    """The records of the runs that are meant (`runs.store.reader.RunRecord`), oldest first.

    Ends the command when an id is that of no run, or the condition is none.
    """
    _with_server()
    from runs.query.where.parser import BadWhere, parse

    try:
        condition = parse(choice.where) if choice.where else None
    except BadWhere as error:
        common.exit_with(str(error), USAGE)
    records = [record for record in _records(root, choice) if _fits(root, record, choice, condition)]
    return sorted(records, key=lambda record: (record.created, record.run_id))


def one(root: Path, run_id: str | None) -> Any:
    """The record of one run, deleted or not; the command ends here when there is none."""
    if not run_id:
        common.exit_with("--run-id is required", USAGE)
    return next(iter(chosen(root, Choice(ids=[run_id], deleted=None))))


def _with_server() -> None:
    """Make the pure modules of the server importable: they know the format of the files, and no Django."""
    try:
        make_importable()
    except ForeignModule as error:
        common.exit_with(str(error), USAGE)


def _records(root: Path, choice: Choice) -> Iterator[Any]:
    from runs.store.folder_stat import look
    from runs.store.reader import read_run

    if choice.ids:
        folders = [folder for run_id in dict.fromkeys(choice.ids) for folder in _folders(root, run_id)]
    else:
        folders = list(find.all_runs(root))
    for folder in folders:
        try:
            yield read_run(str(root), folder, look(root / folder))[0]
        except FileNotFoundError:  # removed since it was listed
            continue


def _folders(root: Path, run_id: str) -> list[str]:
    found = find.find(root, run_id)
    if not found:
        common.exit_with(f"Run not found: {run_id}", FAILED)
    return found


def _fits(root: Path, record: Any, choice: Choice, condition: Any) -> bool:
    words = f"{record.project} {record.name} {record.run_id} {' '.join(record.tags)} {record.description}"
    return (
        (choice.deleted is None or (record.deleted is not None) == choice.deleted)
        and choice.project in (None, record.project)
        and choice.name in (None, record.name)
        and (not choice.statuses or record.status in choice.statuses)
        and set(choice.tags) <= set(record.tags)
        and all(word in words.casefold() for word in choice.text.casefold().split())
        and (condition is None or _satisfies(root, record, condition))
    )


def _satisfies(root: Path, record: Any, condition: Any) -> bool:
    """What the server would find in its database is looked up in the run's own files; those of a run whose journal
    cannot be read are told of, and it has none."""
    from runs.query.where.record import Described

    def figures() -> Any:
        from metrics.ingest.journal_summary import figures

        try:
            return figures(root / record.folder)
        except OSError as error:
            common.print_error(f"{record.run_id}: {common.describe_error(error)[0]}")
            return {}

    return Described(record, figures).satisfies(condition)
