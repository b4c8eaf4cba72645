"""The rows of the runs table and all that stands around them, from the database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

from django.http import QueryDict

from runicorn.settings import preferences
from runicorn.store import layout
from runicorn_site.web.paginator import OpenPaginator
from runs.models import Run, RunMetric, RunParam, RunTag, StorageRoot
from runs.pages.table.head import chips, headings, label_of, offers, orders
from runs.pages.table.state import AGGREGATES, TableState, is_added, metric_of, number
from runs.query import counts as counting
from runs.query.completeness import in_words
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered
from runs.query.projects import projects
from runs.query.where.parser import BadWhere, parse

ORDER = {
    "best": "best_metric_value",
    "created": "created_at",
    "updated": "updated_at",
}
"""Sort keys of the page that the API calls by another name."""

MOST_TAGS = 500
"""In the list to choose from; every other tag is found by a click on it, or by search."""


class Cell(NamedTuple):
    """What stands in one column of a row: a value, unless the column is of the run's own."""

    key: str
    value: float | str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One run with what stands in its columns."""

    run: Run
    cells: list[Cell]
    now: float
    tagged: bool
    """Whether its tags stand beside its name."""

    @property
    def running(self) -> bool:
        """Whether it may still move."""
        return self.run.status == layout.RUNNING

    @property
    def elapsed(self) -> float:
        """Seconds since it started."""
        return max(0.0, self.now - (self.run.started or self.run.created))

    @property
    def mark(self) -> str:
        """Changes whenever anything does that the row shows, so that a page replaces only rows that moved."""
        run = self.run
        best = (run.best_metric_name, run.best_metric_value, run.best_metric_step)
        own = (
            run.status,
            in_words(run),
            run.name,
            run.project,
            run.tags,
            run.description,
            run.pinned,
            run.archived,
            run.group,
        )
        moving = (best, run.last_step, run.duration, run.created, run.updated if self.has("updated") else 0)
        return f"{crc32(repr((own, moving, self.cells)).encode()):x}"

    def has(self, key: str) -> bool:
        """Whether there is a column of that key."""
        return any(cell.key == key for cell in self.cells)


def table_context(root: StorageRoot, state: TableState, query: QueryDict) -> dict[str, Any]:
    """Everything the template of the table needs.

    Beside the state the address may tell what the last form did: `undo`, the runs that it deleted, and `refused`, how
    many it could not delete.
    """
    problem = ""
    try:
        found = matching(root, state)
    except BadWhere as error:
        found, problem = Matches(root, Run.objects.none()), str(error).removeprefix("where: ")
    count, is_capped = counting.capped(found)
    page = OpenPaginator(
        Ordered(found, ORDER.get(state.key, state.key), desc=state.descending),
        state.size,
        count=count,
        is_capped=is_capped,
        address=lambda number: state.but(page=number).address,
    ).get_page(state.page)
    shown: list[Run] = list(page)
    widths = preferences.column_widths("runs", "any")
    return {
        "root": root,
        "state": state,
        "runs": shown,
        "rows": rows(shown, state.columns),
        "columns": headings(state, widths),
        "sized": bool(widths),
        "shown": [(key, label_of(key)) for key in state.columns],
        "views": views(state),
        "problem": problem,
        "chips": chips(state, counts(root, state)),
        "orders": orders(state),
        "projects": [project["name"] for project in projects(root)],
        "tags": tags(root),
        "offered": offers(state, *offered(shown)),
        "page": page,
        "undo": deleted(root, query.getlist("undo")),
        "refused": number(query.get("refused"), 0),
        "problems": root.problems,
        "first_steps": not shown and not state.is_filtered and state.page == 1,
    }


def matching(root: StorageRoot, state: TableState) -> Matches:
    """The runs that the filters leave.

    Raises:
        BadWhere: the condition cannot be read.
    """
    found = find_runs(
        root,
        project=state.project or None,
        statuses=state.statuses,
        tags=state.tags,
        search=state.search,
        where=parse(state.where) if state.where else None,
    )
    # Not an argument above: nearly all runs pass, so there is no use in looking for the few.
    return found.filter(archived=state.archived)


def counts(root: StorageRoot, state: TableState) -> dict[str, str]:
    """How many runs each status would show; a search would make these figures dear, so it has none."""
    if state.search or state.where:
        return {}
    words = {}
    for status in layout.STATUSES:
        count, more = counting.capped(matching(root, state.but(statuses=(status,))))
        words[status] = f"{count:,}{'+' if more else ''}"
    return words


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view that was saved, and whether it is what is shown."""

    name: str
    address: str
    current: bool


def views(state: TableState) -> list[SavedView]:
    """The saved views by name."""
    return [
        SavedView(name, f"/?{query}", query == state.whole_query) for name, query in preferences.saved_views()
    ]


def tags(root: StorageRoot) -> list[str]:
    """The tags of the store by name."""
    found = RunTag.objects.filter(root=root).order_by("tag").values_list("tag", flat=True).distinct()
    return counting.remembered(root, "tags", lambda: list(found[:MOST_TAGS]))


def offered(runs: Iterable[Run]) -> tuple[list[str], list[str]]:
    """The metrics and the config keys that some of these runs have."""
    keys = [run.pk for run in runs]
    metrics = RunMetric.objects.filter(run__in=keys).order_by("key").values_list("key", flat=True).distinct()
    params = RunParam.objects.filter(run__in=keys).order_by("key").values_list("key", flat=True).distinct()
    return list(metrics), list(params)


def rows(runs: Sequence[Run], columns: Sequence[str]) -> list[Row]:
    """The runs with the values of the columns that were added."""
    added = [key for key in columns if is_added(key)]
    values = added_values(runs, added) if added else {}
    now, tagged = time.time(), "tags" not in columns
    return [Row(run, [Cell(key, values.get((run.pk, key))) for key in columns], now, tagged) for run in runs]


def added_values(runs: Sequence[Run], columns: Sequence[str]) -> dict[tuple[int, str], float | str | None]:
    """Run and column to the value, in one query for the metrics and one for the config."""
    keys = [run.pk for run in runs]
    wanted = {column: metric_of(column) for column in columns if column.startswith("metric.")}
    params = {column.removeprefix("config."): column for column in columns if column.startswith("config.")}
    found: dict[tuple[int, str], float | str | None] = {}
    for metric in RunMetric.objects.filter(run__in=keys, key__in={name for name, _ in wanted.values()}):
        for column, (name, aggregate) in wanted.items():
            if name == metric.key:
                found[metric.run_id, column] = getattr(metric, AGGREGATES[aggregate])
    for param in RunParam.objects.filter(run__in=keys, key__in=params):
        found[param.run_id, params[param.key]] = param.text if param.number is None else param.number
    return found


def deleted(root: StorageRoot, run_ids: Sequence[str]) -> list[str]:
    """Which of these runs are in the recycle bin still, so that taking it back makes sense."""
    if not run_ids:
        return []
    runs = Run.objects.in_root(root).filter(run_id__in=run_ids).exclude(deleted=None)
    return list(runs.order_by("run_id").values_list("run_id", flat=True))
