"""Search over all keys for columns to add to the runs table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.natural_sort import natural
from runs.active_root import active_root
from runs.models import StorageRoot
from runs.pages.table.columns import AGGREGATES, COLUMNS
from runs.query import keys

MOST_OFFERED = 60
"""Maximum lines of one kind; the search finds the others."""
FIRST_PREFIXES = ("val", "valid", "eval", "test", "train")
LAST_PREFIX = "system"


@dataclass(frozen=True, slots=True)
class Option:
    """A column that can be added."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A metric or a key with its columns."""

    name: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Offer:
    name: str
    lines: list[Line]
    more: int
    """Number of further keys without a line."""


@access(Scope.READ)
@require_safe
def column_keys(request: HttpRequest) -> HttpResponse:
    """Return the lines of the columns menu whose names contain all words of `find`."""
    words = request.GET.get("find", "").casefold().replace("\0", "").split()
    offered = offers(active_root(), request.GET.get("project", "").replace("\0", ""), words)
    return render(request, "runs/_column_offers.html", {"offered": offered})


def offers(root: StorageRoot, project: str, words: Sequence[str]) -> list[Offer]:
    """Return the columns of each kind whose names contain all words."""
    own = [Line(str(column.label), [Option(column.key, gettext("show"))]) for column in COLUMNS.values()]
    metrics = [
        Line(name, [Option(f"metric.{name}.{word}", word) for word in AGGREGATES])
        for name in sorted(keys.metric_keys(root, project), key=metric_order)
    ]
    kinds = {
        gettext("Run"): own,
        gettext("Metrics"): metrics,
        gettext("Config"): _plain("config", keys.config_keys(root, project)),
        gettext("Summary"): _plain("summary", keys.summary_keys(root, project)),
    }
    matching_lines = {
        kind: [line for line in lines if _matches(line.name, words)] for kind, lines in kinds.items()
    }
    return [
        Offer(kind, lines[:MOST_OFFERED], max(0, len(lines) - MOST_OFFERED))
        for kind, lines in matching_lines.items()
        if lines
    ]


def _plain(kind: str, names: Sequence[str]) -> list[Line]:
    ordered = sorted(names, key=natural)
    return [Line(name, [Option(f"{kind}.{name}", gettext("show"))]) for name in ordered]


def _matches(name: str, words: Sequence[str]) -> bool:
    folded = name.casefold()
    return all(word in folded for word in words)


def metric_order(name: str) -> tuple[int, object]:
    """Return a sort key: validation and training first, measurements of the machine last."""
    prefix = name.partition("/")[0].partition("_")[0]
    if prefix == LAST_PREFIX:
        return len(FIRST_PREFIXES) + 1, natural(name)
    return (FIRST_PREFIXES.index(prefix) if prefix in FIRST_PREFIXES else len(FIRST_PREFIXES)), natural(name)
