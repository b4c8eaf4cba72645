"""Rows of a grouped runs table: groups, below an open one its groups or its runs, and the places of further ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import Any, TypedDict
from zlib import crc32

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from runicorn_site.web import preferences
from runicorn_site.web.messages import translated
from runicorn_site.web.paginator import OpenPage, OpenPaginator
from runicorn_site.web.templatetags.ui import figure, icon
from runs.models import Run, StorageRoot
from runs.pages.table.baseline import Baseline, Baselines
from runs.pages.table.baseline_comparison import BaselineComparison
from runs.pages.table.cells import COLOUR_DOT, EMPTY, comparison_cells, difference_cells
from runs.pages.table.columns import Column, Sort, is_added
from runs.pages.table.groups import columns as group_columns
from runs.pages.table.groups.menu import key_label
from runs.pages.table.head import Heading, headings
from runs.pages.table.rows import Row, matching_or_none, page_columns, rows, sorted_runs
from runs.pages.table.state import CHARTS, COUNTS, NEWEST, TableState, group_of, group_text
from runs.pages.table.values import added_values, by_column
from runs.query.analysis import group_names, grouping, having
from runs.query.analysis.grouping import Membership
from runs.query.key_sets import Keys
from runs.query.matches import Matches
from runs.query.where.ast import Node
from runs.query.where.parser import BadWhere, conjunction
from runs.store.lazy_numpy import np

MEMBERS = 50
"""Rows below an open group at once."""
FEW = 2000
"""Members that are sorted by looking each of them up."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of runs.

    Attributes:
        values: of the grouping keys down to its own.
        level: how many groups it is in.
        label: value of its own key, or the settings in which replicas differ.
        key: name of its own key.
        n, failed: members, and how many of them failed.
        is_open: whether what it consists of follows.
        address: of the table with it open, or closed.
        charts: of the charts of its members.
        where: the condition.
        text: its cells.
    """

    values: tuple[Any, ...]
    level: int
    label: str
    n: int
    is_open: bool
    address: str
    charts: str
    text: SafeString

    kind = "group"

    @property
    def token(self) -> str:
        """The group in addresses."""
        return group_text(self.values)

    @property
    def id(self) -> str:
        """Id of the element."""
        return f"group-{blake2b(self.token.encode(), digest_size=8).hexdigest()}"

    @property
    def mark(self) -> str:
        """A checksum of what the row shows."""
        return f"{crc32(repr((self.text, self.is_open, self.address)).encode()):x}"


@dataclass(frozen=True, slots=True)
class MoreRow:
    """What follows after the visible members of a group."""

    id: str
    level: int
    first: int
    last: int
    total: int
    previous: str
    next: str

    kind = "more"

    @property
    def mark(self) -> str:
        """A checksum of what the row shows."""
        return f"{crc32(repr((self.first, self.last, self.total, self.previous, self.next)).encode()):x}"


@dataclass(slots=True)
class Level:
    """Groups by the first keys of the table, with the columns that they show."""

    matches: Matches
    by: tuple[str, ...]
    membership: Membership
    order: Sequence[int]
    _columns: dict[str, group_columns.GroupColumn] = field(default_factory=dict)

    def column(self, key: str) -> group_columns.GroupColumn:
        if key not in self._columns:
            self._columns[key] = group_columns.group_column(self.matches, self.membership, key)
        return self._columns[key]

    def inside(self, values: tuple[Any, ...]) -> Sequence[int]:
        """Return the groups in the group of these values, in order."""
        return [at for at in self.order if self.membership.values[at][: len(values)] == values]


class GroupedContext(TypedDict):
    rows: Sequence[Row | GroupRow | MoreRow]
    columns: list[Heading]
    sized: bool
    runs: list[Run]
    page: OpenPage
    run_total: int
    having_problem: str


class GroupedTable:
    """The table of a state with groups."""

    def __init__(self, root: StorageRoot, state: TableState) -> None:
        self.state, self.by = state, state.grouping
        self.matches, self.problem = matching_or_none(root, state)
        self._having, self.having_problem = _condition(state.having)
        self.problem = self.problem or self.having_problem
        self.opened = dict(group_of(text) for text in state.opened)
        self.pieces: list[GroupRow | MoreRow | tuple[int, str, list[Run]]] = []
        self._levels: list[Level] = []
        self.baselines = Baselines(root, state)

    def page(self) -> OpenPage:
        """Return a page of the outermost groups."""
        order = self._level(0).order
        return OpenPaginator(
            order,
            self.state.size,
            count=len(order),
            address=lambda number: self.state.but(page=number).address,
        ).get_page(self.state.page)

    @property
    def run_total(self) -> int:
        """Number of runs in all visible groups."""
        return len(self._visible())

    def visible_ids(self, most: int) -> tuple[list[str], int]:
        """Return the ids of the newest runs in all visible groups, and the number of all."""
        keys = self._visible()[::-1].tolist()
        by_key = grouping.run_ids(self.matches.root, keys[:most])
        return [by_key[key] for key in keys[:most] if key in by_key], len(keys)

    def _visible(self) -> Any:
        """Return the primary keys of the runs in all visible groups, ascending."""
        level = self._level(0)
        if self._having is None:
            return level.membership.keys
        members = [level.membership.places(at) for at in level.order]
        return level.membership.keys[np.unique(np.concatenate(members))] if members else np.empty(0, np.int64)

    def rows(self, page: Sequence[int], columns: Sequence[Column]) -> list[Row | GroupRow | MoreRow]:
        """Return the rows of a page, the members of open groups below them."""
        self.pieces = []
        self._add_groups(0, page, columns)
        runs = self.runs()
        added = [column.key for column in columns if is_added(column.key)]
        values = by_column(runs, added, added_values(runs, added))
        run_rows = iter(rows(runs, columns, values, self.baselines))
        result: list[Row | GroupRow | MoreRow] = []
        run_keys: set[int] = set()
        for piece in self.pieces:
            if isinstance(piece, (GroupRow, MoreRow)):
                result.append(piece)
                continue
            level, token, members = piece
            for run in members:
                # A run with several tags may be in several open groups.
                suffix = f"@{token}" if run.pk in run_keys else ""
                run_keys.add(run.pk)
                result.append(replace(next(run_rows), level=level, suffix=suffix))
        return result

    def runs(self) -> list[Run]:
        """Return the runs that the rows show."""
        return [run for piece in self.pieces if isinstance(piece, tuple) for run in piece[2]]

    def _level(self, depth: int) -> Level:
        while len(self._levels) <= depth:
            by = self.by[: len(self._levels) + 1]
            membership = grouping.group(self.matches, by)
            level = Level(self.matches, by, membership, ())
            level.order = membership.computed(
                ("table order", self.state.sort, self.state.statistic, self.state.having),
                partial(self._order, level),
            )
            self._levels.append(level)
        return self._levels[depth]

    def _order(self, level: Level) -> list[int]:
        """Return the groups in the order of the table: pinned ones first, groups without a value last."""
        membership, statistic = level.membership, self.state.statistic
        keys: list[Any] = [np.arange(len(membership))]
        for sort in reversed(self.state.sorts):
            name, descends = sort.removeprefix("-"), sort.startswith("-")
            if name == "n":
                values: Any = membership.sizes.astype(float)
            elif name == "failed":
                values = grouping.failures(membership).astype(float)
            elif name == "name":
                values = np.empty(len(membership))
                values[grouping.ordered(membership, "key", {})] = np.arange(len(membership))
            else:
                values = level.column(name).order(statistic)
            if len(values) == len(membership):
                missing = ~np.isfinite(values)
                keys += [np.where(missing, 0.0, -values if descends else values), missing]
        order = np.lexsort([*keys, ~self._are_pinned(level)])
        # A condition is on the groups that are counted; those within an open one have fewer members.
        if self._having is not None and len(level.by) == 1:
            order = order[having.fulfilling(self._having, self.matches, membership)[order]]
        places: list[int] = order.tolist()
        return places

    def _are_pinned(self, level: Level) -> Any:
        """Return whether all members of each group are pinned."""
        return level.membership.computed("pinned", lambda: self._all_pinned(level.membership))

    def _all_pinned(self, membership: Membership) -> Any:
        root = self.matches.root
        pinned = Run.objects.in_root(root).filter(pinned=True).values_list("pk", flat=True)
        is_pinned = np.isin(membership.keys, np.fromiter(pinned, np.int64))
        if not is_pinned.any():
            return np.zeros(len(membership), dtype=bool)
        groups = np.repeat(np.arange(len(membership)), membership.sizes)
        numbers = np.bincount(groups, is_pinned[membership.members], len(membership))
        return numbers == membership.sizes

    def _add_groups(self, depth: int, places: Sequence[int], columns: Sequence[Column]) -> None:
        if not places:
            return
        level = self._level(depth)
        labels = group_names.labels(self.matches, level.membership, level.by, places)
        charts = self._charts(level, places)
        projects = self._projects(level, places)
        comparisons = self._comparisons(level, places, projects)
        for at, label, project, comparison in zip(places, labels, projects, comparisons, strict=True):
            base = self.baselines.of(project)
            is_open = level.membership.values[at] in self.opened
            row = self._group(level, at, label, is_open, columns, charts[at], base, comparison)
            self.pieces.append(row)
            if is_open:
                self._add_inside(depth, at, row, columns)

    def _projects(self, level: Level, places: Sequence[int]) -> list[str | None]:
        """Return the project of each group; None if its runs are of several, or without a column of baselines."""
        if not self.baselines.is_shown:
            return [None] * len(places)
        column = level.column("project")
        words = column.words if isinstance(column, group_columns.Common) else None
        return [_common(words, at) for at in places]

    def _comparisons(
        self, level: Level, places: Sequence[int], projects: Sequence[str | None]
    ) -> list[BaselineComparison | None]:
        if not any(projects):
            return [None] * len(places)
        membership = level.membership
        members = [membership.keys[membership.places(at)].tolist() for at in places]
        return self.baselines.of_groups(projects, members)

    def _add_inside(self, depth: int, at: int, row: GroupRow, columns: Sequence[Column]) -> None:
        """Append what an open group consists of, a page of it."""
        page = self.opened[row.values]
        first = (page - 1) * MEMBERS
        if depth + 1 < len(self.by):
            inside = self._level(depth + 1).inside(row.values)
            total = len(inside)
            self._add_groups(depth + 1, inside[first : first + MEMBERS], columns)
        else:
            total = row.n
            members = self._members(self._level(depth), at)[first : first + MEMBERS]
            self.pieces.append((depth + 1, row.id, members))
        if total > MEMBERS:

            def address(number: int) -> str:
                return self.state.toggled(row.values, number).address

            last = min(total, first + MEMBERS)
            following = address(page + 1) if last < total else ""
            previous = address(page - 1) if page > 1 else ""
            self.pieces.append(
                MoreRow(f"more-{row.id}", depth + 1, first + 1, last, total, previous, following)
            )

    def _members(self, level: Level, at: int) -> Any:
        keys = level.membership.keys[level.membership.places(at)].tolist()
        runs = Run.objects.in_root(self.matches.root).live().filter(pk__among=Keys(keys))
        sorts = [sort for sort in self.state.sorts if sort.removeprefix("-") not in COUNTS]
        state = replace(self.state, sort=",".join(sorts) or NEWEST)
        return sorted_runs(Matches(self.matches.root, runs, are_few=len(keys) <= FEW), state)

    def _group(
        self,
        level: Level,
        at: int,
        label: str,
        is_open: bool,
        columns: Sequence[Column],
        charts: str,
        base: Baseline | None,
        comparison: BaselineComparison | None,
    ) -> GroupRow:
        membership, state = level.membership, self.state
        values, depth = membership.values[at], len(level.by) - 1
        places = membership.places(at)
        n, failed = len(places), int(grouping.failures(membership)[at])
        address = state.toggled(values, self.opened.get(values, 1)).address
        colour = _common(group_columns.colours(self.matches, membership), at)
        is_pinned = bool(self._are_pinned(level)[at])
        cells = []
        for column in columns:
            if column.key == "name":
                cells.append(
                    _name(column.css, level.by[-1], label, n, is_open, address, charts, is_pinned, colour)
                )
            elif column.key == "n":
                cells.append(_count(column.css, n, failed))
            elif column.key == "verdict":
                cells.append(comparison_cells(column.css, comparison))
            elif column.key == "difference":
                cells.append(difference_cells(column.css, comparison))
            else:
                group_column = level.column(column.key)
                title = _title(group_column, base, column.key, at)
                cells.append(group_column.cell(column.css, at, state.statistic, title))
        return GroupRow(
            values,
            depth,
            label,
            n,
            is_open,
            address,
            charts,
            SafeString("".join(cells)),
        )

    def _charts(self, level: Level, places: Sequence[int]) -> dict[int, str]:
        """Return the addresses of the charts of groups."""
        membership = level.membership
        # A run of which too little is known is the only one of its group.
        lone = {at: int(membership.keys[membership.places(at)[0]]) for at in places}
        has_replicas = grouping.REPLICAS in level.by
        ids = grouping.run_ids(self.matches.root, lone.values()) if has_replicas else {}
        addresses = {}
        for at in places:
            key = dict(zip(level.by, membership.values[at], strict=True))
            condition = group_names.condition(key, [ids[lone[at]]] if lone[at] in ids else [])
            parts = [part for part in (self.state.where, condition) if part]
            state = self.state.but(where=conjunction(parts), layout=CHARTS, opened=(), having="")
            addresses[at] = state.address
        return addresses


def _condition(text: str) -> tuple[Node | None, str]:
    """Return the condition on groups, or what is wrong with it: then all groups are shown."""
    try:
        return (having.parse(text) if text else None), ""
    except BadWhere as error:
        return None, translated(error.sentence)


def _title(column: group_columns.GroupColumn, base: Baseline | None, key: str, at: int) -> str:
    """Return how the mean of a column differs from the baseline."""
    if base is None or not isinstance(column, group_columns.Numbers):
        return ""
    name = column.name(at) if isinstance(column, group_columns.Best) else None
    return base.title(key, float(column.statistics.mean[at]), name)


def _common(words: Any, at: int) -> str | None:
    return words.first[at] if words.different[at] == 1 else None


def _name(
    css: str,
    key: str,
    label: str,
    n: int,
    is_open: bool,
    address: str,
    charts: str,
    is_pinned: bool,
    colour: str | None,
) -> SafeString:
    return format_html(
        '<td class="{}"><span class="cells">{}{}<a class="name clip opener" href="{}" aria-expanded="{}"'
        ' title="{}">{}<span class="faint">{}</span> <bdi>{}</bdi></a>{}</span></td>',
        css,
        format_html(COLOUR_DOT, colour) if colour else EMPTY,
        icon("pin") if is_pinned else EMPTY,
        address,
        "true" if is_open else "false",
        f"{key_label(key)} {label}",
        icon("down"),
        key_label(key) if key != grouping.REPLICAS else "",
        label,
        format_html(
            '<a class="button quiet small edit" href="{}" title="{}" aria-label="{}" tabindex="-1">{}</a>',
            charts,
            gettext("Charts of these runs"),
            gettext("Charts of the runs of %(name)s") % {"name": label},
            icon("compare"),
        ),
    )


def _count(css: str, n: int, failed: int) -> SafeString:
    if not failed:
        return format_html('<td class="{}">{}</td>', css, figure(n))
    text = gettext("%(n)s failed") % {"n": figure(failed)}
    return format_html(
        '<td class="{}" title="{}">{} <span class="failed-count">({})</span></td>', css, text, figure(n), text
    )


def _no_count(css: str, context: Any) -> SafeString:
    return format_html('<td class="{}"></td>', css)


def grouped_context(table: GroupedTable, page: OpenPage) -> GroupedContext:
    """Return the context of the wide table with rows of groups."""
    state = table.state
    widths = preferences.column_widths("runs", "any")
    # Groups have no id. It is left out where they are open, too: the head stays when one is opened in place.
    columns = [column for column in page_columns(state, {}) if column.key != "id"]
    count = Column("n", gettext("Runs"), "number c-n", _no_count, Sort("n"), lambda run: None, False)
    place = next(at for at, column in enumerate(columns) if column.key == "name") + 1
    columns.insert(place, count)
    table_rows = table.rows(list(page), columns)
    return {
        "rows": table_rows,
        "columns": headings(state, columns, widths),
        "sized": bool(widths),
        "runs": table.runs(),
        "page": page,
        "run_total": table.run_total,
        "having_problem": table.having_problem,
    }


def group_members(
    root: StorageRoot, state: TableState, groups: Sequence[str], most: int
) -> dict[str, list[str]]:
    """Return the ids of the members of groups by their texts in addresses, newest first, at most so many of each."""
    matches, _ = matching_or_none(root, state)
    members: dict[str, list[str]] = {}
    for text in groups:
        values, _page = group_of(text)
        by = state.grouping[: len(values)]
        if not values or len(by) < len(values):
            continue
        membership = grouping.group(matches, by)
        at = membership.index().get(values)
        if at is None:
            continue
        keys = membership.keys[membership.places(at)[::-1][:most]].tolist()
        by_key = grouping.run_ids(root, keys)
        members[text] = [by_key[key] for key in keys if key in by_key]
    return members
