"""State of the runs table in its query string. No database access."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext, ngettext

from runicorn_site.web.addresses import site_address
from runicorn_site.web.paginator import page_number
from runs.pages.table.columns import DEFAULT_COLUMNS, is_added, is_column, is_sortable
from runs.query import sort_keys
from runs.query.analysis import grouping

SIZES = (50, 100, 200)
MOST_COLUMNS = 24
MOST_RUNS = 100
"""Runs that an address can restrict the list to."""
MOST_CHOSEN = 5000
"""Maximum number of selected runs, changed in batches."""
LONGEST_VIEW_NAME = 100
NEWEST = "-created"
NAME = "name"
ADDED_BEFORE = "step"
CHARTS = "charts"
GROUP = "group"
STATISTICS = ("mean", "median", "min", "max", "std")
"""Statistics of a group that its row can show and be sorted by; the first one with its spread."""
COUNTS = ("n", "failed")
"""Sort keys of groups beside those of runs."""
MOST_OPEN = 30
LONGEST_KEY = 2000
CHART_PARAMETERS = (
    *(
        "of",
        "diff",
        "show",
        "hide",
        "solo",
        "group",
        "band",
        "tab",
        "metric",
        "key",
        "keylog",
        "media",
        "steps",
    ),
    *("x", "smooth", "log", "logx", "y", "range", "charts", "board"),
)
"""Parameters of the charts, which the table only keeps; in the order of addresses."""


@dataclass(frozen=True, slots=True)
class TableState:
    """State of the table. Equal states have equal URLs, and defaults are omitted from them."""

    search: str = ""
    project: str = ""
    statuses: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    """States that are no statuses: a status includes several of them."""
    tags: tuple[str, ...] = ()
    where: str = ""
    """An expression in the language of `runs.query.where.parser`, possibly malformed."""
    archived: bool = False
    """Show only archived runs, which are otherwise excluded."""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    """Keys of all columns in order, always including the name."""
    sort: str = NEWEST
    """Sort keys separated by commas, each with a leading minus for descending order."""
    page: int = 1
    size: int = SIZES[0]
    layout: str = ""
    """`charts` for a narrow list beside the charts of its visible runs, empty for the wide table."""
    runs: tuple[str, ...] = ()
    """Ids of the runs that the list is restricted to, in this order unless it is sorted; the first 100 count."""
    charts: tuple[tuple[str, str], ...] = ()
    """Parameters of the charts as they are in the address; `group` of them groups the table, too."""
    having: str = ""
    """A condition on the groups in the language of `runs.query.analysis.having`, possibly malformed."""
    statistic: str = STATISTICS[0]
    """Statistic of groups that the table shows and is sorted by."""
    opened: tuple[str, ...] = ()
    """Groups whose members are shown, each as the JSON list of the values of its keys, and the page of its members: see `group_of`."""
    view: str = ""
    """Name of the saved view that was opened; what is shown may differ from it by now."""
    preferred: tuple[str, ...] = field(default=DEFAULT_COLUMNS, compare=False)
    """Columns of a URL without `col`."""
    default: tuple[str, ...] = field(default=DEFAULT_COLUMNS, compare=False)
    """Columns of a user who has chosen none."""
    has_one_project: bool = field(default=False, compare=False)
    """Whether all runs of the root belong to the same project."""

    @classmethod
    def read(
        cls, query: QueryDict, preferred: Sequence[str] = (), default: tuple[str, ...] = DEFAULT_COLUMNS
    ) -> TableState:
        """Parse a query string; invalid values are ignored.

        Args:
            query: `col` names columns: all of them, or, if none of a run's own is among them, those added to the defaults;
                `add` names additional ones. `of` is the project that these are the columns of: they are ignored if
                another one was chosen in the same form.
            preferred: the columns that the user chose before.
            default: the columns of a user who has chosen none.
        """
        size = number(query.get("size"), SIZES[0])
        statistic = query.get("statistic", "")
        is_key = _is_sort_key if query.get(GROUP) else is_sortable
        usual = normalize_columns(key for key in preferred if is_column(key)) if preferred else default
        return cls(
            search=query.get("q", "").replace("\0", "").strip()[:200],
            project=query.get("project", "").replace("\0", ""),
            statuses=_several(query, "status"),
            states=_several(query, "state"),
            tags=_several(query, "tag"),
            where=query.get("where", "").replace("\0", "").strip(),
            having=query.get("having", "").replace("\0", "").strip(),
            archived=query.get("archived") == "1",
            columns=columns_of(query, usual),
            preferred=usual,
            default=default,
            sort=",".join(sort_keys.split(query.get("sort", ""), is_key)) or NEWEST,
            page=page_number(query.get("page")),
            size=size if size in SIZES else SIZES[0],
            layout=CHARTS if query.get("layout") == CHARTS else "",
            runs=_ids(query.getlist("runs")),
            view=query.get("view", "").replace("\0", "")[:LONGEST_VIEW_NAME],
            statistic=statistic if statistic in STATISTICS else STATISTICS[0],
            opened=tuple(text[:LONGEST_KEY] for text in _several(query, "open")[:MOST_OPEN]),
            charts=tuple(
                (name, value[:300]) for name in CHART_PARAMETERS for value in _several(query, name)[:200]
            ),
        )

    @property
    def query(self) -> str:
        """The state as a query string without the question mark."""
        pairs: list[tuple[str, Any]] = [("q", self.search), ("project", self.project)]
        pairs += [("status", status) for status in self.statuses]
        pairs += [("state", state) for state in self.states] + [("tag", tag) for tag in self.tags]
        pairs += [("where", self.where), ("having", self.having), ("archived", "1" if self.archived else "")]
        pairs += [("col", column) for column in self._column_parameter]
        pairs += [("sort", self.sort if self.sort != NEWEST else "")]
        pairs += [("page", self.page if self.page > 1 else "")]
        pairs += [("size", self.size if self.size != SIZES[0] else "")]
        pairs += [("layout", self.layout), ("runs", ",".join(self.runs)), *self.charts]
        pairs += [("statistic", self.statistic if self.statistic != STATISTICS[0] else "")]
        pairs += [("open", text) for text in self.opened] + [("view", self.view)]
        return urlencode([pair for pair in pairs if pair[1] != ""])

    @property
    def whole_query(self) -> str:
        """The state from its first page on, with explicit columns, for storing."""
        return replace(self, preferred=(), page=1, view="", opened=()).query

    @property
    def _column_parameter(self) -> Sequence[str]:
        """Return the columns for the query string: none for the defaults, only the added ones if nothing else differs."""
        if self.columns == self.default == self.preferred:
            return ()
        added = [key for key in self.columns if is_added(key)]
        return added if added and with_added(DEFAULT_COLUMNS, added) == self.columns else self.columns

    @property
    def visible_columns(self) -> tuple[str, ...]:
        """The columns that the table shows: the project only if there may be several, or if it was chosen."""
        is_usual = all(is_added(key) for key in self._column_parameter)
        is_one = bool(self.project) or (self.has_one_project and is_usual)
        return tuple(key for key in self.columns if key != "project" or not is_one)

    @property
    def address(self) -> str:
        return site_address(f"/?{self.query}" if self.query else "/")

    def but(self, **changes: Any) -> TableState:
        """Return this state with changes, from its first page on."""
        return replace(self, **({"page": 1} | changes))

    @property
    def sorts(self) -> tuple[str, ...]:
        """The sort keys that apply, the most important first, each with a leading minus for descending order."""
        sorts = sort_keys.split(self.sort, _is_sort_key)
        # The charts and a table whose groups are unknown have rows of runs only.
        applied = tuple(sort for sort in sorts if self.is_grouped or sort.removeprefix("-") not in COUNTS)
        return applied or (NEWEST,)

    @property
    def is_grouped(self) -> bool:
        """Whether the table has rows of groups."""
        return bool(self.grouping) and not self.is_charts

    @property
    def grouping(self) -> tuple[str, ...]:
        """The keys by which the table is grouped, outermost first; none if they are unknown."""
        text = dict(self.charts).get(GROUP, "")
        try:
            return tuple(grouping.parse_keys(text)) if text else ()
        except grouping.UnknownGrouping:
            return ()

    def grouped(self, *keys: str) -> TableState:
        """Return this state grouped by other keys, all groups closed."""
        others = tuple(pair for pair in self.charts if pair[0] != GROUP)
        group = ((GROUP, ",".join(keys)),) if keys else ()
        state = self.but(charts=(*others, *group), opened=())
        return state if keys else replace(state, statistic=STATISTICS[0], having="")

    def toggled(self, values: Sequence[Any], page: int = 1) -> TableState:
        """Return this state with a group open, at a page of its members, or closed if it is open at that page."""
        text = group_text(values, page)
        others = tuple(other for other in self.opened if group_of(other)[0] != tuple(values))
        opened = others if text in self.opened else (*others, text)[-MOST_OPEN:]
        return replace(self, opened=opened)

    @property
    def key(self) -> str:
        """The first sort key without its direction."""
        return self.sorts[0].removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the order by the first sort key is descending."""
        return self.sorts[0].startswith("-")

    def sorted_also(self, key: str, *, descending: bool) -> TableState:
        """Return this state with another sort key after the present ones, or with that key the other way round."""
        sorts = {sort.removeprefix("-"): sort for sort in self.sorts}
        if key in sorts:
            sorts[key] = key if sorts[key].startswith("-") else f"-{key}"
        else:
            sorts[key] = f"-{key}" if descending else key
        return self.but(sort=",".join(list(sorts.values())[: sort_keys.MOST_KEYS]))

    @property
    def is_filtered(self) -> bool:
        """Whether some runs are left out."""
        filters = (self.search, self.project, self.statuses, self.states, self.tags, self.where)
        return any((*filters, self.archived, self.runs, self.is_grouped and self.having))

    @property
    def is_charts(self) -> bool:
        """Whether the layout is charts beside a narrow list."""
        return self.layout == CHARTS

    @property
    def other_layout(self) -> str:
        """The address of the same runs in the other layout."""
        return replace(self, layout="" if self.is_charts else CHARTS).address

    @property
    def is_in_given_order(self) -> bool:
        """Whether the runs are in the order of their ids in the address."""
        return bool(self.runs) and self.sorts == (NEWEST,)

    @property
    def tab(self) -> str:
        """The panel beside the list that is open."""
        return dict(self.charts).get("tab", CHARTS)

    def with_tab(self, tab: str) -> TableState:
        """This state with another panel; empty for the usual one."""
        others = tuple(pair for pair in self.charts if pair[0] != "tab")
        return replace(self, charts=(*others, *((("tab", tab),) if tab else ())))

    @property
    def unfiltered(self) -> str:
        """The address with all runs, sorted and with columns as they are."""
        everything = self.but(
            **dict.fromkeys(("search", "project", "where", "having", "view"), ""),
            **dict.fromkeys(("statuses", "states", "tags", "runs"), ()),
            archived=False,
        )
        return everything.address

    @property
    def subject(self) -> str:
        """What the list is limited to, as its crumb says; empty for the runs of all projects."""
        if self.runs:
            count = len(self.runs)
            words = ngettext("Comparison of %(n)s run", "Comparison of %(n)s runs", count)
            return words % {"n": count}
        return self.project

    @property
    def title(self) -> str:
        title = f"{gettext('Runs')} – Runicorn"
        return f"{self.subject} – {title}" if self.subject else title


def _is_sort_key(key: str) -> bool:
    """Return whether rows of groups can be sorted by a key."""
    return key in COUNTS or is_sortable(key)


def group_text(values: Sequence[Any], page: int = 1) -> str:
    """Return a group for an address: the values of its keys as JSON, and the page of its members unless it is the first."""
    text = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return f"{text}{page}" if page > 1 else text


def group_of(text: str) -> tuple[tuple[Any, ...], int]:
    """Return the values of the keys of a group, and the page of its members; no values if the text is malformed."""
    content, bracket, page = text.rpartition("]")
    try:
        values = json.loads(content + bracket)
    except (ValueError, RecursionError):
        return (), 1
    is_valid = isinstance(values, list) and all(not isinstance(value, (list, dict)) for value in values)
    return (tuple(values), page_number(page) if page else 1) if is_valid else ((), 1)


def columns_of(query: QueryDict, preferred: tuple[str, ...]) -> tuple[str, ...]:
    if "columns_of" in query and query["columns_of"] != query.get("project", ""):
        return preferred
    requested = [key for key in query.getlist("col") if is_column(key)]
    if not requested:
        columns = preferred
    elif any(not is_added(key) for key in requested):
        columns = normalize_columns(requested)
    else:
        columns = with_added(DEFAULT_COLUMNS, requested)
    return with_added(columns, [key for key in query.getlist("add") if is_column(key)])


def normalize_columns(keys: Iterable[str]) -> tuple[str, ...]:
    """Return columns without duplicates, limited in number, and always including the name."""
    columns = tuple(dict.fromkeys(keys))[:MOST_COLUMNS]
    return columns if NAME in columns else (NAME, *columns[: MOST_COLUMNS - 1])


def with_added(columns: Sequence[str], added: Iterable[str]) -> tuple[str, ...]:
    """Insert columns before the step, next to the other numbers."""
    new = [key for key in dict.fromkeys(added) if key not in columns]
    place = columns.index(ADDED_BEFORE) if ADDED_BEFORE in columns else len(columns)
    return normalize_columns([*columns[:place], *new[: MOST_COLUMNS - len(columns)], *columns[place:]])


def _several(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in query.getlist(name) if value and "\0" not in value))


def _ids(texts: Iterable[str]) -> tuple[str, ...]:
    """Ids separated by commas, each once; one more than are used tells that there are too many."""
    ids = (part.strip() for text in texts for part in text.split(","))
    return tuple(dict.fromkeys(run_id for run_id in ids if run_id and "\0" not in run_id))[: MOST_RUNS + 1]


def number(text: str | None, usual: int) -> int:
    """Parse a small non-negative integer of a query string; return `usual` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else usual
