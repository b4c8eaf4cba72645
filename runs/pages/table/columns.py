"""Column declarations of the runs table, for head, cells, sorting and columns menu."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from runicorn_site.web.readable import current
from runs.models import Run, StorageRoot
from runs.pages.table import cells
from runs.query import keys
from runs.query.completeness import in_words
from runs.query.sort_keys import metric_of
from runs.query.where.ast import FIGURES
from runs.store.metric_stats import mode_by_name

AGGREGATES = {"last": "shown_last"} | {name: field for name, field in FIGURES.items() if name != "last"}
"""Aggregate in the key of a metric column → attribute of `RunMetric`, in the order of the menu."""


HIGHEST, LOWEST = _("highest first"), _("lowest first")
BEST, WORST = _("best first"), _("worst first")


@dataclass(frozen=True, slots=True)
class Sort:
    """Sorting by a column.

    Attributes:
        order_by: sort key of the API.
        descending: label of the descending order.
        ascending: label of the ascending order.
        ascending_first: whether the first click on the head sorts ascending.
    """

    order_by: str
    descending: str | Promise = HIGHEST
    ascending: str | Promise = LOWEST
    ascending_first: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the runs table.

    Attributes:
        key: name in the query string and in the preferences.
        label: text of the head.
        css: classes of the head and the cells.
        cell: renders a cell as HTML.
        sort: None if the table cannot be sorted by it.
        live: the values that the cell shows; a page replaces a row when one of them changed.
        is_default: whether it is shown to a user who has chosen no columns.
    """

    key: str
    label: str | Promise
    css: str
    cell: Callable[[str, cells.CellContext], SafeString]
    sort: Sort | None
    live: Callable[[Run], object]
    is_default: bool = True


def _by_words(key: str) -> Sort:
    return Sort(key, _("Z first"), _("A first"), ascending_first=True)


def _by_time(key: str) -> Sort:
    return Sort(key, _("newest first"), _("oldest first"))


def _best(run: Run) -> object:
    # The picture beside the value grows with the steps.
    return run.best_metric_name, run.best_metric_value, run.best_metric_step, run.last_step


def _state(run: Run) -> object:
    return run.shown_state, run.exit_reason, run.evidence


def _name(run: Run) -> object:
    return run.label, run.tags, run.pinned, run.color, in_words(run)


COLUMNS = {
    column.key: column
    for column in (
        Column("status", _("Status"), "c-status", cells.status_cell, _by_words("state"), _state),
        Column("name", _("Name"), "c-name", cells.name_cell, _by_words("name"), _name),
        Column(
            "project",
            _("Project"),
            "c-project",
            cells.project_cell,
            _by_words("project"),
            lambda run: run.project,
        ),
        Column("id", _("ID"), "c-id", cells.id_cell, None, lambda run: None),
        Column("best", _("Best metric"), "c-best", cells.best_cell, Sort("best_metric", BEST, WORST), _best),
        Column("step", _("Step"), "number c-step", cells.step_cell, None, lambda run: run.last_step),
        Column(
            "duration",
            _("Duration"),
            "number c-duration",
            cells.duration_cell,
            Sort("duration"),
            lambda run: (run.status, run.started, run.duration),
        ),
        Column(
            "created",
            _("Created"),
            "number c-created",
            cells.created_cell,
            _by_time("created_at"),
            lambda run: run.created,
        ),
        Column("verdict", _("vs baseline"), "c-verdict", cells.verdict_cell, None, lambda run: None, False),
        Column(
            "difference",
            _("Δ baseline"),
            "number c-difference",
            cells.difference_cell,
            None,
            lambda run: None,
            False,
        ),
        Column("tags", _("Tags"), "c-tags", cells.tags_cell, None, lambda run: run.tags, False),
        Column("note", _("Note"), "c-note", cells.note_cell, None, lambda run: run.description, False),
        Column("group", _("Group"), "c-group", cells.group_cell, None, lambda run: run.group, False),
        Column("reason", _("Reason"), "c-reason", cells.reason_cell, None, _state, False),
        Column("host", _("Host"), "c-host", cells.host_cell, None, lambda run: run.hostname, False),
        Column("owner", _("Owner"), "c-owner", cells.owner_cell, None, lambda run: run.owner, False),
        Column(
            "updated",
            _("Updated"),
            "number c-updated",
            cells.updated_cell,
            _by_time("updated_at"),
            lambda run: run.updated,
            False,
        ),
        Column("records", _("Records"), "number c-records", cells.records_cell, None, in_words, False),
    )
}
"""The columns of every run by key, in the order of the menu."""
ON_PHONES = frozenset({"status", "name", "project", "best", "created", "verdict"})
"""Keys of the columns that a phone shows."""
DEFAULT_COLUMNS = tuple(column.key for column in COLUMNS.values() if column.is_default)


def is_added(key: str) -> bool:
    """Return whether `key` is `metric.<name>.<aggregate>`, `config.<key>` or `summary.<key>`."""
    kind, _, rest = key.partition(".")
    if "\0" in key:
        return False
    return metric_of(key) is not None or (kind in ("config", "summary") and bool(rest))


def is_column(key: str) -> bool:
    return key in COLUMNS or is_added(key)


def is_sortable(key: str) -> bool:
    """Return whether the table can be sorted by the column of that key."""
    return is_column(key) and column_of(key).sort is not None


def column_of(key: str) -> Column:
    """Return the column of a valid key; one of a metric or a config value is labelled `val/acc max` or `lr`."""
    return COLUMNS.get(key) or _added_column(key)


@lru_cache(maxsize=512)
def _added_column(key: str) -> Column:
    kind, _, label = key.partition(".")
    is_lower_better = False
    if metric := metric_of(key):
        name, aggregate = metric
        label = name if aggregate == "last" else f"{name} {aggregate}"
        is_lower_better = aggregate == "best" and mode_by_name(name) == "min"
    sort = None if kind == "summary" else Sort(key, ascending_first=is_lower_better)
    return Column(key, label, "number c-extra", cells.value_cell, sort, lambda run: None, False)


def as_text(column: Column) -> Column:
    """Return the column for words, aligned left."""
    return replace(column, css=column.css.replace("number ", ""))


def as_sorted(column: Column) -> Column:
    """Return the column by which the table is sorted: a phone shows it instead of the best metric."""
    if column.key in ON_PHONES:
        return column
    return replace(column, css=f"{column.css} c-sorted")


def readable_columns(root: StorageRoot, columns: Iterable[str]) -> list[str]:
    """Return the columns without metrics and keys that only runs have which the sender of the request may not read."""
    requested = list(columns)
    kinds = {column.partition(".")[0] for column in requested if is_added(column)}
    if current().is_everything or not kinds:
        return requested
    readable = {f"config.{key}" for key in (keys.config_keys(root, "") if "config" in kinds else ())}
    readable |= {f"summary.{key}" for key in (keys.summary_keys(root, "") if "summary" in kinds else ())}
    metrics = keys.metric_keys(root, "") if "metric" in kinds else ()
    readable |= {f"metric.{key}.{word}" for key in metrics for word in AGGREGATES}
    return [column for column in requested if not is_added(column) or column in readable]
