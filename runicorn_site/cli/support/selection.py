"""Selection of runs by filters, from their folders, without server or database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.store import find
from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE

WHERE = "A condition, as in docs/reference/api/experiments.md: config.lr < 0.05 and metric.acc.best > 0.9"


@dataclass(frozen=True)
class Choice:
    """Filters of runs; empty ones match all.

    Attributes:
        ids: run ids.
        project, name, statuses, states, tags, text: as in the table of runs; all tags and all words must match.
        where: a condition as in the API (`runs.query.where.parser`).
        deleted: only runs in the recycle bin, or only others; None for both.
    """

    ids: Sequence[str] = ()
    project: str | None = None
    name: str | None = None
    statuses: Sequence[str] = ()
    states: Sequence[str] = ()
    tags: Sequence[str] = ()
    text: str = ""
    where: str = ""
    deleted: bool | None = False


def selected_records(root: Path, choice: Choice) -> list[Any]:
    """Return the records of the selected runs (`runs.store.reader.RunRecord`), oldest first.

    Exits if a run does not exist, or the condition is invalid.
    """
    use_server()  # for modules that parse files without Django
    from runicorn_site.catalog.base import BadQuestion
    from runicorn_site.catalog.store import StoreCatalog

    try:
        condition = StoreCatalog(root).condition(choice.where, choice.project)
    except BadQuestion as error:
        common.exit_with(str(error), USAGE)
    records = [record for record in _records(root, choice) if _fits(root, record, choice, condition)]
    return sorted(records, key=lambda record: (record.created, record.run_id))


def find_record(root: Path, run_id: str | None) -> Any:
    """Return the record of one run, deleted or not; exit if it does not exist."""
    if not run_id:
        common.exit_with("--run-id is required", USAGE)
    return next(iter(selected_records(root, Choice(ids=[run_id], deleted=None))))


def _records(root: Path, choice: Choice) -> Iterator[Any]:
    from runs.store.folder_stat import read_state
    from runs.store.reader import read_run

    if choice.ids:
        folders = [folder for run_id in dict.fromkeys(choice.ids) for folder in _folders(root, run_id)]
    else:
        folders = list(find.all_runs(root))
    for folder in folders:
        try:
            yield read_run(str(root), folder, read_state(root / folder))[0]
        except FileNotFoundError:  # removed since it was listed
            continue


def _folders(root: Path, run_id: str) -> list[str]:
    folders = find.find(root, run_id)
    if not folders:
        common.exit_with(f"Run not found: {run_id}", FAILED)
    return folders


def _fits(root: Path, record: Any, choice: Choice, condition: Any) -> bool:
    words = f"{record.project} {record.name} {record.run_id} {' '.join(record.tags)} {record.description}"
    return (
        (choice.deleted is None or (record.deleted is not None) == choice.deleted)
        and choice.project in (None, record.project)
        and choice.name in (None, record.name)
        and (not choice.statuses or record.status in choice.statuses)
        and (not choice.states or record.state in choice.states)
        and set(choice.tags) <= set(record.tags)
        and all(word in words.casefold() for word in choice.text.casefold().split())
        and (condition is None or _satisfies(root, record, condition))
    )


def _satisfies(root: Path, record: Any, condition: Any) -> bool:
    """Evaluate a condition on the files of a run; an unreadable journal is reported and treated as empty."""
    from runs.query.where.record import RunEvaluator

    def figures() -> Any:
        from metrics.ingest.journal_summary import metric_stats

        try:
            return metric_stats(root / record.folder)
        except OSError as error:
            common.print_error(f"{record.run_id}: {common.describe_error(error)[0]}")
            return {}

    return RunEvaluator(record, figures, root).satisfies(condition)
