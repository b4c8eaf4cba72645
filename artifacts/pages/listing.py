"""List of artifacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlencode

from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from artifacts.models import Artifact, Version
from artifacts.pages.artifact import runs_by_id
from artifacts.services import lookup, statistics
from runicorn.api.responses.artifacts import StoreStatistics
from runicorn.artifacts import names
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.paginator import Paginator, page_number
from runicorn_site.web.pools import blocking
from runicorn_site.web.readable import current
from runicorn_site.web.responses import fragment
from runs.active_root import active_root
from runs.models import Run, StorageRoot

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

SIZE = 100
NEWEST = "-updated"
SORTS = {
    "name": "name",
    "type": "type",
    "versions": "num_versions",
    "size": "size_bytes",
    "updated": "updated",
}
"""Fields by the value of `sort`."""
LABELS = {
    "": _("All"),
    **dict(zip(names.TYPES, (_("Model"), _("Dataset"), _("Config"), _("Code"), _("Custom")), strict=True)),
}
DESCRIPTION = ("", _("Description"), "m-off")
HEADS = (
    ("name", _("Name"), ""),
    ("type", _("Type"), ""),
    ("", _("Aliases"), ""),
    DESCRIPTION,
    ("", _("Made by"), "m-off"),
    ("versions", _("Versions"), "number"),
    ("size", _("Size"), "number"),
    ("updated", _("Updated"), "number"),
)
_sums: dict[tuple[Any, ...], StoreStatistics] = {}


@dataclass(frozen=True, slots=True)
class ListState:
    """Filters, sorting and page of the list. The URL omits defaults, so equal states have equal URLs."""

    search: str = ""
    type: str = ""
    sort: str = NEWEST
    page: int = 1

    @classmethod
    def read(cls, query: QueryDict) -> ListState:
        """Parse a query string; invalid values count as missing."""
        kind, sort = query.get("type", ""), query.get("sort", NEWEST)
        return cls(
            search=query.get("q", "").replace("\0", "").strip()[:200],
            type=kind.replace("\0", "")[: names.TYPE_LENGTH],
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST,
            page=page_number(query.get("page", "")),
        )

    def address(self, **changes: Any) -> str:
        """Return the URL of this state with changes, on the first page unless `page` is given."""
        state = replace(self, **({"page": 1} | changes))
        pairs = {"q": state.search, "type": state.type, "sort": state.sort, "page": str(state.page)}
        defaults = {"sort": NEWEST, "page": "1"}
        query = [(key, value) for key, value in pairs.items() if value != defaults.get(key, "")]
        return site_address(f"/artifacts?{urlencode(query)}" if query else "/artifacts")


@dataclass(frozen=True, slots=True)
class Row:
    """An artifact in the list, with what its latest version is and which run made it."""

    artifact: Artifact
    version: Version | None
    maker: Run | None


class Chip(TypedDict):
    """A link that filters a list, with the number of items that it leaves."""

    label: _StrOrPromise
    address: str
    count: int
    current: bool


@access(Scope.READ)
@blocking
@require_safe
def artifact_list(request: HttpRequest) -> HttpResponse:
    """Render the list of artifacts, filtered, sorted and paged by the query string."""
    root, state = active_root(), ListState.read(request.GET)
    address = state.address(page=state.page)
    lookup.catch_up_all(root)
    matches = Artifact.objects.in_root(root).for_list(search=state.search)
    counts = dict(matches.order_by().values_list("type").annotate(count=Count("pk")))
    if state.type not in _kinds(counts):
        state = replace(state, type="")
    listed_artifacts = matches.filter(type=state.type) if state.type else matches
    down = "-" if state.sort.startswith("-") else ""
    field = SORTS[state.sort.removeprefix("-")]
    total = counts.get(state.type, 0) if state.type else sum(counts.values())
    pages = Paginator(
        listed_artifacts.order_by(f"{down}{field}", f"{down}pk"),
        SIZE,
        count=total,
        address=lambda number: state.address(page=number),
    )
    page = pages.get_page(state.page)
    rows = _rows(root, page)
    has_descriptions = any(row.version and row.version.description for row in rows)
    context = {
        "state": state,
        "root": root,
        "page": page,
        "rows": rows,
        "has_descriptions": has_descriptions,
        "heads": [_head(state, *head) for head in HEADS if has_descriptions or head is not DESCRIPTION],
        "chips": [
            _chip(state, "", sum(counts.values())),
            *(_chip(state, kind, counts.get(kind, 0)) for kind in _kinds(counts)),
        ],
        "sums": sums(root),
        "unfiltered": state.address(search="", type=""),
    }
    if "HX-Request" not in request.headers:
        return render(request, "artifacts/list.html", context)
    answer = fragment(request, "artifacts/_list.html", context)
    # The form sends every field; the URL in the address bar omits defaults.
    answer["HX-Push-Url"] = address
    return answer


def _rows(root: StorageRoot, artifacts: Iterable[Artifact]) -> list[Row]:
    """Return artifacts as the sender of the request sees them, in two further queries."""
    numbers = {artifact.pk: lookup.readable(artifact).latest for artifact in artifacts}
    distinct = {number for number in numbers.values() if number is not None}
    candidates = Version.objects.filter(artifact__in=numbers, number__in=distinct)
    latest = {
        version.artifact_id: version
        for version in candidates.only("artifact", "number", "run_id", "description")
        if version.number == numbers[version.artifact_id]
    }
    runs = runs_by_id(root, (version.run_id for version in latest.values()))
    return [
        Row(artifact, version, runs.get(version.run_id) if version else None)
        for artifact in artifacts
        for version in [latest.get(artifact.pk)]
    ]


def _kinds(counts: dict[str, int]) -> list[str]:
    """Return the five types of the SDK, then other types in the store."""
    return [*names.TYPES, *sorted(counts.keys() - set(names.TYPES))]


def sums(root: StorageRoot) -> StoreStatistics:
    """Return totals over all artifacts; cached until something changes, as a million files take seconds."""
    about = Artifact.objects.in_root(root).aggregate(
        Count("pk"), Sum("num_versions"), Sum("size_bytes"), Max("stamp"), Max("updated")
    )
    key = (root.pk, current(), *about.values())
    if key not in _sums:
        _sums.clear()
        _sums[key] = statistics.statistics(root)
    return _sums[key]


def _head(state: ListState, key: str, label: _StrOrPromise, kind: str) -> dict[str, str]:
    if not key:
        return {"label": str(label), "kind": kind}
    # Text sorts ascending first, numbers and times descending.
    other = f"-{key}" if (state.sort == key or (state.sort != f"-{key}" and kind)) else key
    order = {key: "ascending", f"-{key}": "descending"}.get(state.sort, "")
    return {"label": str(label), "kind": kind, "address": state.address(sort=other), "order": order}


def _chip(state: ListState, kind: str, count: int) -> Chip:
    return {
        "label": LABELS.get(kind, kind.capitalize()),
        "address": state.address(type=kind),
        "count": count,
        "current": kind == state.type,
    }
