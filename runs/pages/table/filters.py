"""Filters of the runs table that are chosen by clicks, as parts of its `where` expression."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from django.db.models import Count, Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.natural_sort import natural
from runicorn_site.web.templatetags.ui import figure, status_label
from runs.active_root import active_root
from runs.models import RunMetric, RunParam, RunTag, StorageRoot
from runs.pages.table.picker import metric_order
from runs.pages.table.rows import matching
from runs.pages.table.state import TableState
from runs.query import keys, where_keys
from runs.query.where import parser
from runs.query.where.ast import FIGURES, Comparison, Field, Kind, Value
from runs.query.where.completion import quoted, quoted_word

MOST_KEYS = 60
"""Maximum number of keys of one kind in the menu; its search finds the others."""
MOST_VALUES = 60
FEW_NUMBERS = 12
"""Maximum number of different values of a config key that are offered in addition to its range."""
OWN = {
    "state": _("State"),
    "group": _("Group"),
    "tags": _("Tags"),
    "project": _("Project"),
    "hostname": _("Host"),
    "duration": _("Duration in seconds"),
    "best_metric_value": _("Best metric"),
}
"""Fields of every run in the menu."""
SIGNS = {"!=": "≠", "<=": "≤", ">=": "≥", "in": "="}


@dataclass(frozen=True, slots=True)
class Chip:
    """The parts of the expression about one field, and the address of the table without them."""

    label: str
    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Key:
    """A field that can be filtered by, as it is written in an expression."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value with its number of runs, and the address of the table with it, or without it if it is chosen."""

    label: str
    runs: int
    chosen: bool
    address: str


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest number of the runs, and the limits of the expression, as texts."""

    lowest: str
    highest: str
    low: str = ""
    high: str = ""


class Offer(TypedDict, total=False):
    """The values of a field, its range, or both."""

    choices: list[Choice]
    range: Range | None


def chips(root: StorageRoot, state: TableState) -> list[Chip]:
    """Return one chip for each field of the expression; none if it is malformed."""
    try:
        parts_by_field = _by_field(root, state)
    except parser.BadWhere:
        return []
    return [
        Chip(
            _label(field, parts, nodes), " and ".join(parts), _with(state, parts_by_field, field, ()).address
        )
        for field, (parts, nodes) in parts_by_field.items()
    ]


@access(Scope.READ)
@require_safe
def filter_menu(request: HttpRequest) -> HttpResponse:
    """Return the menu of filters: all keys whose names contain `find`, or the values of the key `filter`.

    With `low` or `high`, redirect to the table whose key is within these limits. `next` is the query of the table.
    """
    root, state = active_root(), TableState.read(QueryDict(request.GET.get("next", "")))
    key = request.GET.get("filter", "").replace("\0", "")
    words = request.GET.get("find", "").casefold().split()
    context: dict[str, Any] = {"next": state.query, "find": request.GET.get("find", "")}
    try:
        field = where_keys.parse(root, f"{key} exists", *_projects(state)) if key else None
    except parser.BadWhere:
        field = None
    if not isinstance(field, Comparison):
        context["kinds"] = _kinds(root, state.project, words)
        return render(request, "runs/_filter_menu.html", context)
    if {"low", "high"} & set(request.GET):
        return redirect(_within(root, state, key, field.field, request.GET).address)
    context |= {"key": key, "label": _name(field.field)}
    if field.field.kind is Kind.METRIC:
        context["statistics"] = [(f"{key.rpartition('.')[0]}.{name}", name) for name in FIGURES]
    offer = _values(root, state, key, field.field)
    return render(request, "runs/_filter_menu.html", {**context, **offer})


Parts = dict[Field | str, tuple[list[str], list[Comparison]]]


def _by_field(root: StorageRoot, state: TableState) -> Parts:
    """Return the parts of the expression by their field, or by their text where they have several fields."""
    parts_by_field: Parts = {}
    projects = _projects(state)
    for part in parser.conjuncts(state.where) if state.where else ():
        node = where_keys.parse(root, part, *projects)
        if isinstance(node, Comparison):
            parts, nodes = parts_by_field.setdefault(node.field, ([], []))
            nodes.append(node)
        else:
            parts, _nodes = parts_by_field.setdefault(part, ([], []))
        parts.append(part)
    return parts_by_field


def _projects(state: TableState) -> tuple[str, ...]:
    """Return the projects among whose keys those of the whole expression are looked up."""
    return where_keys.scope(state.where, state.project)


def _parts(root: StorageRoot, state: TableState) -> Parts:
    try:
        return _by_field(root, state)
    except parser.BadWhere:
        return {}


def _with(state: TableState, parts_by_field: Parts, field: Field | str, parts: Sequence[str]) -> TableState:
    """Return the state in which these parts replace those of a field."""
    others = [part for other, (texts, _) in parts_by_field.items() if other != field for part in texts]
    return state.but(where=parser.conjunction([*others, *parts]))


def _name(field: Field) -> str:
    if field.kind is Kind.METRIC:
        return f"{field.name} {next(name for name, column in FIGURES.items() if column == field.figure)}"
    return field.name if field.kind is Kind.CONFIG else str(OWN.get(field.name, field.name))


def _label(field: Field | str, parts: Sequence[str], nodes: Iterable[Comparison]) -> str:
    if isinstance(field, str) or field.kind is Kind.TIME:
        return ", ".join(parts)
    conditions = ", ".join(
        f"{SIGNS.get(node.operator, node.operator)} {' | '.join(_display_value(value) for value in node.values)}".strip()
        for node in nodes
    )
    return f"{_name(field)} {conditions}"


def _display_value(value: Value) -> str:
    return figure(value) if isinstance(value, float) else str(value)


def _kinds(root: StorageRoot, project: str, words: Sequence[str]) -> list[tuple[str, list[Key], int]]:
    """Return (title, keys, number of further keys) of each kind of keys."""
    metrics = sorted(keys.metric_keys(root, project), key=metric_order)
    config = sorted(keys.config_keys(root, project), key=natural)
    own = [Key(name, str(label)) for name, label in OWN.items() if name != "project" or not project]
    kinds = {
        gettext("Run"): own,
        gettext("Config"): [Key(f"config.{quoted(name)}", name) for name in config],
        gettext("Metrics"): [Key(f"metric.{quoted(name)}.best", name) for name in metrics],
    }
    matching_keys = {
        title: [key for key in offered if all(word in key.label.casefold() for word in words)]
        for title, offered in kinds.items()
    }
    return [
        (title, some[:MOST_KEYS], max(0, len(some) - MOST_KEYS))
        for title, some in matching_keys.items()
        if some
    ]


def _values(root: StorageRoot, state: TableState, key: str, field: Field) -> Offer:
    """Return the values and the range of a field among the runs that match the other filters."""
    parts = _parts(root, state)
    runs = matching(root, _with(state, parts, field, ())).runs.order_by()
    nodes = parts.get(field, ([], []))[1]
    of_runs = {"root": root, "run__in": runs.values("pk")}
    if field.kind is Kind.METRIC:
        return _range(RunMetric.objects.filter(key=field.name, **of_runs), field.figure, nodes)
    if field.kind is Kind.NUMBER:
        return _range(runs, field.name, nodes)
    if field.kind is Kind.TAGS:
        rows = _count_by(RunTag.objects.filter(**of_runs), "tag", "run")
    elif field.kind is Kind.TEXT:
        rows = _count_by(runs.exclude(**{field.name: None}).exclude(**{field.name: ""}), field.name, "pk")
    else:
        params = RunParam.objects.filter(key=field.name, **of_runs)
        rows = _count_by(params, "text", "run")
        limits = _range(params, "number", nodes)
        if limits["range"] and len(rows) > FEW_NUMBERS:
            return limits
        rows.sort(key=lambda row: natural(row[0]))
        numbers = set(params.exclude(number=None).order_by().values_list("text", flat=True).distinct())
        return {**limits, "choices": _choices(root, state, key, field, rows, numbers)}
    return {"choices": _choices(root, state, key, field, rows)}


def _count_by(rows: QuerySet[Any], column: str, runs: str) -> list[tuple[str, int]]:
    return list(rows.values_list(column).annotate(runs=Count(runs)).order_by("-runs", column)[:MOST_VALUES])


def _choices(
    root: StorageRoot,
    state: TableState,
    key: str,
    field: Field,
    rows: Iterable[tuple[str, int]],
    numbers: Container[str] = (),
) -> list[Choice]:
    """Return the values to choose from; `numbers` are the texts of those of a config key that are numbers."""
    parts = _parts(root, state)
    selected = [
        value
        for node in parts.get(field, ([], []))[1]
        if node.operator in ("=", "in")
        for value in node.values
    ]
    choices = []
    for text, runs in rows:
        is_word = field.kind is Kind.CONFIG and text not in numbers
        literal = quoted_word(text) if is_word else quoted(text)
        node = where_keys.parse(root, f"{key} = {literal}", *_projects(state))
        value = node.values[0] if isinstance(node, Comparison) else text
        texts = [_where_literal(other) for other in selected if other != value] + (
            [] if value in selected else [literal]
        )
        condition = f"{key} in ({', '.join(texts)})" if len(texts) > 1 else f"{key} = {''.join(texts)}"
        address = _with(state, parts, field, [condition] if texts else []).address
        label = status_label(text) if field.name == "state" else text
        choices.append(Choice(label, runs, value in selected, address))
    return choices


def _where_literal(value: Value) -> str:
    return (
        quoted_word(value)
        if isinstance(value, str)
        else f"{value:g}"
        if float(f"{value:g}") == value
        else repr(value)
    )


def _range(rows: QuerySet[Any], column: str, nodes: Iterable[Comparison]) -> Offer:
    ends = rows.aggregate(low=Min(column), high=Max(column))
    if ends["low"] is None:
        return {"range": None}
    limits = {
        node.operator: _where_literal(node.values[0]) for node in nodes if node.operator in ("<=", ">=")
    }
    return {
        "range": Range(figure(ends["low"]), figure(ends["high"]), limits.get(">=", ""), limits.get("<=", ""))
    }


def _within(root: StorageRoot, state: TableState, key: str, field: Field, query: QueryDict) -> TableState:
    """Return the state with the limits of a form; texts that are not numbers are ignored."""
    limits = {">=": query.get("low", "").strip(), "<=": query.get("high", "").strip()}
    parts = [f"{key} {sign} {text}" for sign, text in limits.items() if parser.NUMBER.fullmatch(text)]
    return _with(state, _parts(root, state), field, parts)
