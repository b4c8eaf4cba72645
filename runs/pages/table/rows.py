"""Rows of the runs table and everything around them, from the database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict
from urllib.parse import urlencode
from zlib import crc32

from django.db.models import Count
from django.http import QueryDict
from django.utils.safestring import SafeString

from runicorn.store import layout
from runicorn.store.state import ADDED, STATUS_OF, State
from runicorn_site.web import preferences
from runicorn_site.web.addresses import site_address
from runicorn_site.web.messages import translated
from runicorn_site.web.paginator import OpenPage, OpenPaginator
from runicorn_site.web.readable import current, only_readable
from runs.models import Run, RunTag, StorageRoot
from runs.pages.table.baseline import Baselines
from runs.pages.table.baseline_comparison import BaselineComparison
from runs.pages.table.cells import CellContext
from runs.pages.table.columns import DEFAULT_COLUMNS, Column, as_sorted, as_text, column_of, is_added
from runs.pages.table.first_steps import FirstSteps, first_steps
from runs.pages.table.head import Chip, Heading, chips, headings, orders
from runs.pages.table.names import differences
from runs.pages.table.state import MOST_CHOSEN, MOST_RUNS, TableState, number
from runs.pages.table.values import Value, added_values, aligned, by_column, is_text
from runs.query import counts as counting
from runs.query import usual_metric, where_keys
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.ordering import Ordered, SortKey
from runs.query.projects import projects
from runs.query.where.completion import quoted
from runs.query.where.parser import BadWhere, conjunction

MOST_TAGS = 500
"""Maximum number of tags in the list; other tags are reached by clicking them, or by search."""


@dataclass(frozen=True, slots=True)
class Row:
    """A run with its columns and the texts of its numbers, which depend on the other rows of the page."""

    run: Run
    columns: Sequence[Column]
    texts: Mapping[str, str]
    now: float
    extra: str = ""
    """What tells the run from others of the same name on the page."""
    level: int = 0
    """In how many groups it is shown."""
    suffix: str = ""
    """End of the id of its element if the page shows the run more than once."""
    comparison: BaselineComparison | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    """How the numbers of columns differ from the baseline."""
    is_metric_in_head: bool = False
    common_tags: frozenset[str] = frozenset()
    """Tags of all rows, which the head names."""

    kind = "run"

    @property
    def running(self) -> bool:
        """Whether the run may still change."""
        return self.run.status == layout.RUNNING

    @property
    def mark(self) -> str:
        """A checksum of what the row shows: a page replaces only the rows whose mark changed."""
        values = [column.live(self.run) for column in self.columns]
        shown = self.texts, self.extra, self.level, self.comparison, self.titles
        in_head = self.is_metric_in_head, sorted(self.common_tags)
        return f"{crc32(repr((self.running, values, *shown, *in_head)).encode()):x}"

    def cells(self, state: TableState, sparkline: SafeString) -> SafeString:
        """Render the cells in the order of the columns."""
        context = CellContext(
            self.run,
            self.now,
            sparkline,
            tags_in_name="tags" not in state.columns,
            project_address=partial(_project_address, state),
            tag_address=lambda tag: state.but(tags=(tag,)).address,
            group_address=partial(_group_address, state),
            extra=self.extra,
            comparison=self.comparison,
            is_metric_in_head=self.is_metric_in_head,
            common_tags=self.common_tags,
        )
        pieces = []
        for column in self.columns:
            context.text = self.texts.get(column.key, "")
            context.title = self.titles.get(column.key, "")
            pieces.append(column.cell(column.css, context))
        return SafeString("".join(pieces))


def _project_address(state: TableState, project: str) -> str:
    usual = {"columns": DEFAULT_COLUMNS, "preferred": DEFAULT_COLUMNS, "default": DEFAULT_COLUMNS}
    return state.but(project=project, **usual).address


def _group_address(state: TableState, group: str) -> str:
    """Return the address of the table with one group beside its other filters."""
    parts = [part for part in (state.where, f"group = {quoted(group)}") if part]
    return state.but(where=conjunction(parts)).address


class TableContext(TypedDict):
    """Context of the list of runs in both layouts."""

    root: StorageRoot
    state: TableState
    visible_columns: list[tuple[str, str]]
    views: list[SavedView]
    view: SavedView | None
    most_chosen: int
    problem: str
    corrections: list[tuple[str, str]]
    """Valid expressions in the place of a malformed one, with their addresses."""
    hints: list[str]
    """Why no run may match the condition."""
    chips: list[Chip]
    orders: list[tuple[str, str]]
    projects: list[str]
    tags: list[str]
    page: OpenPage
    undo: list[str]
    refused: int
    problems: list[str]
    first_steps: FirstSteps | None


def table_context(
    root: StorageRoot, state: TableState, page: OpenPage, problem: str, query: QueryDict, user: str = ""
) -> TableContext:
    """Return the context of the table page around its rows, which are those of a page.

    Beside the state, the query string may hold the result of the last form: `undo`, the runs that it deleted, and
    `refused`, the number of runs that it could not delete. `user` is the signed-in user.
    """
    return {
        "root": root,
        "state": state,
        "visible_columns": [(key, str(column_of(key).label)) for key in state.columns],
        "views": (saved_views := views(root, state, user)),
        "view": next((view for view in saved_views if view.current), None),
        "problem": problem,
        "corrections": _corrections(root, state) if problem else [],
        "hints": [] if problem or len(page) else _hints(root, state),
        "chips": chips(state, counts(root, state)),
        "orders": orders(state),
        "projects": [project["name"] for project in projects(root)],
        "tags": tags(root),
        "page": page,
        "most_chosen": MOST_CHOSEN,
        "undo": deleted(root, query.getlist("undo")),
        "refused": number(query.get("refused"), 0),
        "problems": root.problems if current().is_everything else [],
        "first_steps": None if len(page) or state.is_filtered or state.page > 1 else first_steps(root),
    }


class WideContext(TypedDict):
    rows: list[Row]
    columns: list[Heading]
    sized: bool


def wide_context(root: StorageRoot, runs: Sequence[Run], state: TableState) -> WideContext:
    """Return the context of the wide table only."""
    widths = preferences.column_widths("runs", "any")
    added = [key for key in state.visible_columns if is_added(key)]
    values = by_column(runs, added, added_values(runs, added))
    columns = page_columns(state, values)
    table_rows = rows(runs, columns, values, Baselines(root, state))
    return {
        "rows": table_rows,
        "columns": headings(state, columns, widths, common_metric(runs), common_tags(runs)),
        "sized": bool(widths),
    }


def listed_runs(root: StorageRoot, state: TableState) -> list[Run]:
    """Return the runs on the page; none where the condition is invalid."""
    return list(run_page(root, state)[0])


def run_page(root: StorageRoot, state: TableState) -> tuple[OpenPage, str]:
    """Return the page of runs, and the problem of the condition, with which no run matches."""
    matches, problem = matching_or_none(root, state)
    return _page(matches, state), problem


def matching_or_none(root: StorageRoot, state: TableState) -> tuple[Matches, str]:
    """Return the matching runs, or none and the problem of the condition."""
    try:
        return matching(root, state), ""
    except BadWhere as error:
        return Matches(root, Run.objects.none()), translated(error.sentence)


def _corrections(root: StorageRoot, state: TableState) -> list[tuple[str, str]]:
    try:
        where_keys.parse(root, state.where, state.project)
    except BadWhere as error:
        corrections = where_keys.corrections(root, state.where, error, state.project)
        texts = [suggestion.text for suggestion in corrections]
        return [(text, state.but(where=text).address) for text in texts]
    return []


def _hints(root: StorageRoot, state: TableState) -> list[str]:
    return (
        [translated(hint) for hint in where_keys.hints(root, state.where, state.project)]
        if state.where
        else []
    )


def _page(matches: Matches, state: TableState) -> OpenPage:
    count, is_capped = counting.capped(matches, counting.EXACT_ON_PAGES)
    return OpenPaginator(
        in_order(matches, state),
        max(state.size, len(state.runs)),
        count=count,
        is_capped=is_capped,
        address=lambda number: state.but(page=number).address,
    ).get_page(state.page)


def in_order(matches: Matches, state: TableState) -> Ordered | list[Run]:
    if not state.is_in_given_order:
        return sorted_runs(matches, state)
    by_id = {run.run_id: run for run in matches.runs}
    return [by_id[run_id] for run_id in state.runs if run_id in by_id]


def ids_in_order(matches: Matches, state: TableState, limit: int) -> list[str]:
    ordered = in_order(matches, state)
    if isinstance(ordered, Ordered):
        return [run_id for (run_id,) in ordered.values_list("run_id")[:limit]]
    return [run.run_id for run in ordered[:limit]]


def sorted_runs(matches: Matches, state: TableState) -> Ordered:
    """Return the runs in the order of the sort keys, pinned runs first.

    By their best metric, runs with a primary one come first, then those that have the usual one of the list, and then
    the others.
    """
    usual = usual_of(matches.root, state)
    keys: list[SortKey] = []
    for sort in state.sorts:
        key, down = sort.removeprefix("-"), sort.startswith("-")
        keys.append((_order_by(key), down))
        if key == "best" and usual:
            name, mode = usual
            keys.append((f"metric.{name}.best", down == (mode == "max")))
    (order, desc), *then = keys
    # A run may have 16 MB of each.
    has_summary = any(key.startswith("summary.") for key in state.visible_columns)
    unused = ("config",) if has_summary else ("config", "summary")
    return Ordered(matches, order, desc=desc, then=then, pinned_first=True).defer(*unused)


def usual_of(root: StorageRoot, state: TableState) -> tuple[str, str] | None:
    """Return the metric that stands for a primary one in a list that is sorted by the best metric, and its mode."""
    if "best" not in {sort.removeprefix("-") for sort in state.sorts}:
        return None

    def read() -> tuple[str, str] | None:
        return usual_metric.of_list(matching_or_none(root, state)[0])

    return counting.remembered(root, f"usual metric of {state.whole_query}", read)


def shown_instead(baselines: Baselines) -> str | None:
    """Return the metric that rows without a primary one show because the list is sorted by it."""
    usual = usual_of(baselines.root, baselines.state)
    return usual[0] if usual else None


def _order_by(key: str) -> str:
    sort = column_of(key).sort
    return sort.order_by if sort else key


def matching(root: StorageRoot, state: TableState) -> Matches:
    """Return the runs that match the filters.

    Raises:
        BadWhere: the condition is malformed.
    """
    matches = find_runs(
        root,
        project=state.project or None,
        statuses=state.statuses,
        states=state.states,
        tags=state.tags,
        search=state.search,
        where=where_keys.parse(root, state.where, state.project) if state.where else None,
    )
    if state.runs:
        matches = matches.filter(run_id__in=state.runs[:MOST_RUNS])
    if state.runs and not state.archived:
        return matches
    # Not an argument above: nearly all runs pass, so an index lookup would not help.
    return matches.filter(archived=state.archived)


def counts(root: StorageRoot, state: TableState) -> dict[str, str]:
    """Return the number of matching runs of each other state that occurs as text, and of each status without these."""
    if state.search or state.where:
        return _counts_of_search(root, state.but(statuses=(), states=()))
    added = matching(root, state.but(statuses=(), states=ADDED)).runs.order_by()
    numbers = Counter(added.values_list("state", flat=True)[: counting.EXACT_ON_PAGES + 1])
    plus = "+" if numbers.total() > counting.EXACT_ON_PAGES else ""
    words = {}
    for status in layout.STATUSES:
        matches = matching(root, state.but(statuses=(status,), states=()))
        count, more = counting.capped(matches, counting.EXACT_ON_PAGES)
        # The count may be two seconds older than the numbers.
        words[status] = f"{max(0, count - _of_status(numbers, status)):,}{'+' if more else ''}"
    return words | {word: f"{number:,}{plus}" for word, number in numbers.items()}


def _of_status(numbers: Mapping[str, int], status: str) -> int:
    """Return how many runs have a status and one of the other states, by the numbers of these."""
    return sum(number for word, number in numbers.items() if STATUS_OF[State(word)] == status)


def _counts_of_search(root: StorageRoot, state: TableState) -> dict[str, str]:
    """Count all statuses and states in one walk over the matches, since a search is expensive."""
    matches, problem = matching_or_none(root, state)
    if problem:
        return {}  # zeros would say that no run has these statuses

    def read() -> dict[str, str]:
        some = matches.runs.order_by().values("pk")[: counting.EXACT_ON_PAGES + 1]
        state_counts = (
            Run.objects.filter(pk__in=some).order_by().values_list("status", "state").annotate(Count("pk"))
        )
        statuses: Counter[str] = Counter()
        states: Counter[str] = Counter()
        for status, state_of_run, count in state_counts:
            statuses[status] += count
            states[state_of_run] += count
        plus = "+" if statuses.total() > counting.EXACT_ON_PAGES else ""
        added = {word: states[word] for word in ADDED if states[word]}
        numbers = {status: statuses[status] - _of_status(added, status) for status in layout.STATUSES}
        return {word: f"{number:,}{plus}" for word, number in (numbers | added).items()}

    return counting.remembered(root, f"statuses of {state.query}", read)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view; whether it is shown now, and whether what is shown differs from it."""

    view: preferences.View
    address: str
    current: bool
    changed: bool = False

    @property
    def name(self) -> str:
        return self.view.name


def readable_views(root: StorageRoot, user: str) -> list[preferences.View]:
    """Return the saved views by name, without those of a project that the sender of the request may not read."""
    return [view for view in preferences.saved_views(user) if _is_readable(root, QueryDict(view.query))]


def _is_readable(root: StorageRoot, query: QueryDict) -> bool:
    project = query.get("project", "")
    is_hidden = bool(project) and project not in current()
    return not is_hidden and where_keys.is_readable(root, query.get("where", ""), project)


def views(root: StorageRoot, state: TableState, user: str) -> list[SavedView]:
    """Return the saved views by name: with a project, its own and those of all projects."""
    saved_views, now = [], state.whole_query
    for view in readable_views(root, user):
        name, query = view.name, view.query
        project = QueryDict(query).get("project", "")
        if state.project and project not in ("", state.project):
            continue
        current = name == state.view if state.view else query == now
        saved_views.append(SavedView(view, view_address(name, query), current, current and query != now))
    return saved_views


def view_address(name: str, query: str) -> str:
    """Return the URL that opens a saved view."""
    return site_address(f"/?{query}&{urlencode({'view': name})}")


def tags(root: StorageRoot) -> list[str]:
    rows = only_readable(RunTag.objects.filter(root=root), "run__project")
    names = rows.order_by("tag").values_list("tag", flat=True).distinct()
    return counting.remembered(root, "tags", lambda: list(names[:MOST_TAGS]))


def page_columns(state: TableState, values: Mapping[str, Sequence[Value]]) -> list[Column]:
    """Return the columns of the page; one with words is aligned left, the one that sorts it is marked."""
    columns = [column_of(key) for key in state.visible_columns]
    columns = [as_sorted(column) if column.key == state.key else column for column in columns]
    return [as_text(column) if is_text(values.get(column.key, ())) else column for column in columns]


def rows(
    runs: Sequence[Run],
    columns: Sequence[Column],
    values: Mapping[str, Sequence[Value]],
    baselines: Baselines,
) -> list[Row]:
    now = time.time()
    usual_metric.fill(runs, shown_instead(baselines))
    is_common, in_all = common_metric(runs) is not None, frozenset(common_tags(runs))
    extras = differences(runs)
    if any(column.key == "id" for column in columns):
        # The column has the ends of ids, which tell equal names apart where settings do not.
        extras = {
            run.pk: text for run in runs if (text := extras.get(run.pk)) and not run.run_id.endswith(text)
        }
    texts = {key: aligned(of_column, exact=key.startswith("config.")) for key, of_column in values.items()}
    texts["best"] = aligned([run.best_metric_value for run in runs])
    comparisons = baselines.of_runs(runs)
    return [
        Row(
            run,
            columns,
            {key: texts[key][at] for key in texts},
            now,
            extras.get(run.pk, ""),
            comparison=comparisons.get(run.pk),
            titles=_titles(baselines, run, {key: of_column[at] for key, of_column in values.items()}),
            is_metric_in_head=is_common,
            common_tags=in_all,
        )
        for at, run in enumerate(runs)
    ]


def common_metric(runs: Sequence[Run]) -> str | None:
    """Return the metric that the column of best values shows if all rows have the same; the head then names it."""
    names = {run.best_metric_name for run in runs if run.best_metric_name}
    return names.pop() if len(names) == 1 else None


def common_tags(runs: Sequence[Run]) -> list[str]:
    """Return the tags of all rows in the order of the first, if there are several rows; the head then names them."""
    if len(runs) < 2:
        return []
    return [tag for tag in runs[0].tags if all(tag in run.tags for run in runs)]


def _titles(baselines: Baselines, run: Run, values: Mapping[str, Value]) -> dict[str, str]:
    """Return how the numbers of a run differ from the baseline, by column."""
    if (base := baselines.of(run.project)) is None:
        return {}
    titles = {key: base.title(key, value) for key, value in values.items() if isinstance(value, float)}
    return titles | {"best": base.title("best", run.best_metric_value, run.best_metric_name)}


def deleted(root: StorageRoot, run_ids: Sequence[str]) -> list[str]:
    """Return which of these runs are still in the recycle bin and can be restored."""
    if not run_ids:
        return []
    runs = Run.objects.in_root(root).filter(run_id__in=run_ids).exclude(deleted=None)
    return list(runs.order_by("run_id").values_list("run_id", flat=True))
