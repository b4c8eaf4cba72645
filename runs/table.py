"""The state of the runs table as its address holds it. Pure: no rows, no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

SIZES = (50, 100, 200)
LARGEST_PAGE = 1_000_000
MOST_COLUMNS = 12
NEWEST = "-created"
SORTS = frozenset({"status", "name", "project", "best", "duration", "created", "updated"})
"""Sort keys beside the columns that people add: `metric.<name>.<last|min|max>` and `config.<key>`."""


@dataclass(frozen=True, slots=True)
class TableState:
    """What the table shows. Two equal states have one address, and what is as usual is not mentioned in it."""

    search: str = ""
    project: str = ""
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Keys of the columns that were added."""
    sort: str = NEWEST
    """A key, with a minus in front for descending."""
    page: int = 1
    size: int = SIZES[0]

    @classmethod
    def read(cls, query: QueryDict) -> TableState:
        """The state an address asks for; nonsense in it counts as nothing."""
        columns = tuple(dict.fromkeys(key for key in query.getlist("col") if is_added(key)))
        sort = query.get("sort", NEWEST)
        key = sort.removeprefix("-")
        size = number(query.get("size"), SIZES[0])
        return cls(
            search=query.get("q", "").replace("\0", "").strip()[:200],
            project=query.get("project", "").replace("\0", ""),
            statuses=_several(query, "status"),
            tags=_several(query, "tag"),
            columns=columns[:MOST_COLUMNS],
            sort=sort if key in SORTS or is_added(key) else NEWEST,
            page=max(1, min(number(query.get("page"), 1), LARGEST_PAGE)),
            size=size if size in SIZES else SIZES[0],
        )

    @property
    def query(self) -> str:
        """The state as a query string without its question mark."""
        pairs: list[tuple[str, Any]] = [("q", self.search), ("project", self.project)]
        pairs += [("status", status) for status in self.statuses] + [("tag", tag) for tag in self.tags]
        pairs += [("col", column) for column in self.columns]
        pairs += [("sort", self.sort if self.sort != NEWEST else "")]
        pairs += [("page", self.page if self.page > 1 else "")]
        pairs += [("size", self.size if self.size != SIZES[0] else "")]
        return urlencode([pair for pair in pairs if pair[1] != ""])

    @property
    def address(self) -> str:
        """The page that shows this state."""
        return f"/?{self.query}" if self.query else "/"

    def but(self, **changes: Any) -> TableState:
        """This state with changes, from its first page on."""
        return replace(self, **({"page": 1} | changes))

    @property
    def key(self) -> str:
        """The sort key without its direction."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the highest stands first."""
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        """Whether some runs are left out."""
        return bool(self.search or self.project or self.statuses or self.tags)

    @property
    def unfiltered(self) -> str:
        """The address with all runs, sorted and with columns as they are."""
        return self.but(search="", project="", statuses=(), tags=()).address

    @property
    def title(self) -> str:
        """What the window is called."""
        return f"{self.project} – Runs – Runicorn" if self.project else "Runs – Runicorn"

    @property
    def in_words(self) -> str:
        """What all runs shown have in common, to end a sentence with."""
        parts = [f"“{self.search}” in its name, project, id, tags or description"] if self.search else []
        parts += [f"the project “{self.project}”"] if self.project else []
        parts += [f"the status {' or '.join(self.statuses)}"] if self.statuses else []
        parts += [f"the tag {' and '.join(self.tags)}"] if self.tags else []
        return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + "".join(parts[-1:])


def is_added(key: str) -> bool:
    """Whether `key` is that of a column which people add: of a metric or of a config value."""
    kind, _, rest = key.partition(".")
    if "\0" in key:
        return False
    return (kind == "metric" and rest.rpartition(".")[2] in AGGREGATES and "." in rest) or (
        kind == "config" and bool(rest)
    )


AGGREGATES = {"last": "last", "best": "best", "min": "minimum", "max": "maximum"}
"""The word in a key → the field of `RunMetric`."""


def metric_of(key: str) -> tuple[str, str]:
    """Name and aggregate in `metric.<name>.<aggregate>`; a name may hold dots."""
    name, _, aggregate = key.removeprefix("metric.").rpartition(".")
    return name, aggregate


def _several(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in query.getlist(name) if value and "\0" not in value))


def number(text: str | None, usual: int) -> int:
    """A small whole number in an address; `usual` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else usual
