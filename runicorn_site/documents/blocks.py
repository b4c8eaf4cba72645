"""Live blocks of documents: chart, table, pivot, samples, difference, runs.

Each is a fenced code block with its kind as info string and lines of `key: value`. One that cannot be shown is a
sentence in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError

from metrics.differences import service
from metrics.ingest.catch_up import catch_up_several
from metrics.pages.differences import section_lines
from metrics.pages.groups.board import board as group_board
from runicorn.store import layout
from runicorn_site.catalog.entry import Figures, RunEntry, needs_metrics, value_of
from runicorn_site.catalog.primary import best_mode
from runicorn_site.documents import runs as named_runs
from runicorn_site.documents.options import BlockProblem, Options, parse
from runicorn_site.web.messages import sentence_of, translated
from runicorn_site.web.templatetags.ui import duration, figure
from runs.models import Run, RunMetric, StorageRoot
from runs.query import derived_metrics, usual_metric
from runs.query.analysis import grouping
from runs.query.sort_keys import metric_of
from runs.query.where.parser import BadWhere
from runs.store.params import flatten
from samples.errors import NoSuchSamples
from samples.query import table as sample_table
from samples.query.rows import STEP, cut_row
from samples.query.where import parse as parse_sample_where
from samples.services import indexing

MOST_CURVES, MOST_ROWS, MOST_SAMPLES, MOST_METRICS = 50, 200, 50, 24
LONGEST_TEXT = 400
SMOOTHING = 0.9999
PATIENCE = 1.0
"""Seconds that a block waits for points which are not indexed yet."""
AXES = ("step", "time", "relative")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: text, with a link, a number aligned right, or the state of a run."""

    text: str = ""
    href: str = ""
    is_number: bool = False
    state: str = ""
    is_best: bool = False


@dataclass(slots=True)
class Table:
    """A table, and the sentences above and below it."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    intro: Sequence[str] = ()
    note: str = ""


@dataclass(slots=True)
class Chart:
    """Charts of some runs.

    Attributes:
        figures: name, and options as a board has them.
        runs: id, label, and the color that a user chose.
    """

    figures: Sequence[tuple[str, Mapping[str, Any]]]
    runs: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Context:
    """What the blocks of one document need, and what they show.

    Attributes:
        project: that of the document.
        charted_runs: those in charts, for a page with their curves.
        charts: name and options of each, see `Chart`.
        is_live: whether one of the runs is running.
    """

    root: StorageRoot
    project: str
    charted_runs: dict[str, Run] = field(default_factory=dict)
    charts: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    is_live: bool = False


def render_block(kind: str, body: str, context: Context) -> str:
    """Return the HTML of a block."""
    names, make = KINDS[kind]
    values: dict[str, Any] = {"kind": kind}
    try:
        options = parse(body, names)
        values["title"] = options.text("title")
        content = make(options, context)
        values["chart" if isinstance(content, Chart) else "table"] = content
        if isinstance(content, Chart):
            values["data"] = json.dumps({"runs": content.runs})
            values["figures"] = [(name, json.dumps(about)) for name, about in content.figures]
    except BlockProblem as problem:
        values["problem"] = str(problem)
    except BadWhere as error:
        values["problem"] = translated(error.sentence)
    except APIException as error:
        values["problem"] = sentence_of(error)
    except (layout.InvalidName, OSError) as error:
        values["problem"] = str(error)
    return render_to_string("documents/_block.html", values)


def _chart(options: Options, context: Context) -> Chart:
    metrics = options.texts("metrics")[:MOST_METRICS]
    if not metrics:
        raise BlockProblem(_("A chart needs “metrics: NAME”."))
    runs = _runs(options, context, 10, MOST_CURVES)
    derived_metrics.prepare(context.root, metrics)
    present = set(RunMetric.objects.filter(run__in=runs).values_list("key", flat=True))
    if not present & set(metrics):
        raise BlockProblem(_("No run has the metric {name}.").format(name=metrics[0]))
    about: dict[str, Any] = {}
    if x := options.text("x"):
        about["x"] = x
    if options.is_on("log"):
        about["y_log"] = True
    if smoothing := options.text("smoothing"):
        about["smoothing"] = {"method": "ema", "weight": _weight(smoothing)}
    if options.is_on("together") and len(metrics) > 1:
        figures = [(options.text("title") or metrics[0], {**about, "metrics": metrics})]
    else:
        figures = [(name, about) for name in metrics if name in present]
    context.charted_runs.update((run.run_id, run) for run in runs)
    labels = named_runs.labels(runs)
    context.charts += figures
    return Chart(
        figures,
        [
            {
                "key": run.run_id,
                "label": labels[run.run_id],
                "colour": run.color,
                "live": run.status == layout.RUNNING,
                "href": reverse("run", args=[run.run_id]),
            }
            for run in runs
        ],
    )


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= SMOOTHING:
        raise BlockProblem(_("smoothing must be a number from 0 to {most}.").format(most=SMOOTHING))
    return weight


def _table(options: Options, context: Context) -> Table:
    runs = _runs(options, context, 20, MOST_ROWS)
    columns = options.texts("columns") or _usual_columns(runs)
    derived_metrics.prepare(context.root, {metric[0] for column in columns if (metric := metric_of(column))})
    entries = _entries(runs, with_metrics=any(map(needs_metrics, columns)))
    best = {column: value for column in columns if (value := _best_of(entries, column)) is not None}
    labels = named_runs.labels(runs)
    rows = [
        [_name(run, labels), *(_value(value_of(entry, column), best.get(column)) for column in columns)]
        for run, entry in zip(runs, entries, strict=True)
    ]
    return Table(
        [_("Run"), *(column.removeprefix("config.").removeprefix("metric.") for column in columns)], rows
    )


def _usual_columns(runs: Sequence[Run]) -> list[str]:
    """Return the state, the config keys that differ, and the usual metric."""
    flat = [flatten(run.config) for run in runs]
    keys = sorted(set().union(*flat))
    different = [
        key for key in keys if len({of_run[key].text if key in of_run else None for of_run in flat}) > 1
    ]
    usual_metric.fill(runs)
    metrics = dict.fromkeys(run.best_metric_name for run in runs if run.best_metric_name)
    return [
        *(f"config.{key}" for key in different[:6]),
        *(f"metric.{name}.best" for name in list(metrics)[:2]),
    ]


def _best_of(entries: Sequence[RunEntry], column: str) -> Any:
    """Return the best value of a metric's column, if several runs have one."""
    if not column.startswith("metric.") or not column.endswith((".best", ".min", ".max")):
        return None
    values = [value for entry in entries if isinstance(value := value_of(entry, column), float)]
    if len(set(values)) < 2:
        return None
    name = column.removeprefix("metric.").rpartition(".")[0]
    is_minimum = column.endswith(".min") or (column.endswith(".best") and best_mode(entries, name) == "min")
    return min(values) if is_minimum else max(values)


def _pivot(options: Options, context: Context) -> Table:
    metric = options.text("metric")
    if not metric or not options.text("rows"):
        raise BlockProblem(_("A pivot table needs “rows: KEY” and “metric: NAME”."))
    by = [key for key in (options.text("rows"), options.text("columns")) if key]
    matches = named_runs.matching(options, context.root, context.project)
    try:
        keys = grouping.parse_keys(",".join(map(_grouping_key, by)))
        board = group_board(matches, options.text("project", context.project), keys, metric, [])
    except (grouping.UnknownGrouping, ValidationError) as error:
        raise BlockProblem(_("These runs cannot be grouped so.")) from error
    if not board.rows:
        raise BlockProblem(_("No run matches."))
    note = _("Mean ± its interval at the level 0.95. Bold: the best, and those within noise of it.")
    if pivot := board.pivot:
        return Table(
            [f"{pivot.row_key} \\ {pivot.column_key}", *pivot.columns],
            [
                [Cell(label), *(Cell(cell.text, is_number=True, is_best=cell.is_best) for cell in cells)]
                for label, cells in pivot.rows[:MOST_ROWS]
            ],
            note=note,
        )
    rows = [
        [
            Cell(row.label, href=f"{reverse('runs')}?{row.address}" if row.address else ""),
            Cell(str(row.n), is_number=True),
            Cell(row.cell.text, is_number=True, is_best=row.cell.is_best),
        ]
        for row in board.rows[:MOST_ROWS]
    ]
    return Table([by[0].removeprefix(grouping.CONFIG), _("Runs"), metric], rows, note=note)


def _grouping_key(key: str) -> str:
    fixed = {grouping.REPLICAS, grouping.TAG, *grouping.COLUMNS}
    return key if key in fixed or key.startswith(grouping.CONFIG) else f"{grouping.CONFIG}{key}"


def _samples(options: Options, context: Context) -> Table:
    name = options.text("name")
    if not name:
        raise BlockProblem(_("A table of samples needs “name: SET”."))
    # Here `limit` is the number of samples of each run.
    runs = _runs(options.without("limit"), context, 1, 5)
    limit = options.number("limit", 5, MOST_SAMPLES)
    step = options.text("step")
    if step and not STEP.fullmatch(step):
        raise BlockProblem(_("step must be a whole number."))
    where = options.text("having")
    node = parse_sample_where(where) if where else None
    sample_filter = sample_table.Filter(
        int(step) if step else None, options.text("sample") or None, node, options.text("q")
    )
    rows: list[tuple[Run, dict[str, Any]]] = []
    for run in runs:
        try:
            with indexing.open_pieces(run, name) as (index, pieces, _pending):
                selection = sample_table.select(pieces, sample_filter)
                if order := options.text("order"):
                    selection = sample_table.ordered(selection, order, limit)
                page = sample_table.page(index.source, selection, 1, limit)
        except NoSuchSamples:
            continue
        rows += [(run, cut_row(row, LONGEST_TEXT, "…")) for row in page.rows]
    if not rows:
        raise BlockProblem(_("No sample matches."))
    keys = (
        options.texts("columns")
        or list(dict.fromkeys(key for _run, row in rows for key in row if not key.startswith("_")))[:6]
    )
    labels = named_runs.labels(runs)
    head = [_("Run"), _("Step")] if len(runs) > 1 else [_("Step")]
    lines = [
        [
            *([_name(run, labels)] if len(runs) > 1 else []),
            _value(row.get("_step")),
            *(_value(row.get(key)) for key in keys),
        ]
        for run, row in rows
    ]
    return Table([*head, *keys], lines)


def _difference(options: Options, context: Context) -> Table:
    a, b = options.text("a"), options.text("b")
    if not a or not b:
        raise BlockProblem(_("A difference needs “a: RUN” and “b: RUN”."))
    first, second = (_one(name, options, context) for name in (a, b))
    difference = service.compare(first, [second], with_curves=False)
    labels = named_runs.labels([first, second])
    rows = [
        [Cell(str(title)), Cell(line.key), Cell(line.a), Cell(line.b)]
        for title, lines in section_lines(difference)
        for line in lines
    ]
    return Table(
        [_("Section"), _("Key"), labels[first.run_id], labels[second.run_id]] if rows else [],
        rows[:MOST_ROWS],
        intro=[translated(sentence) for sentence in difference["sentences"]],
    )


def _one(name: str, options: Options, context: Context) -> Run:
    project = options.text("project", context.project)
    (run, *_others) = named_runs.selected(Options({"runs": name}), context.root, project, 1, 1)
    context.is_live |= run.status == layout.RUNNING
    return run


def _list(options: Options, context: Context) -> Table:
    runs = _runs(options, context, 10, MOST_ROWS)
    usual_metric.fill(runs)
    labels = named_runs.labels(runs)
    rows = [
        [
            _name(run, labels),
            Cell(
                f"{run.best_metric_name} {figure(run.best_metric_value)}"
                if run.best_metric_name and run.best_metric_value is not None
                else ""
            ),
            Cell("" if run.duration is None else str(duration(run.duration)), is_number=True),
            Cell(run.run_id),
        ]
        for run in runs
    ]
    return Table([_("Run"), _("Best metric"), _("Duration"), _("Id")], rows)


def _runs(options: Options, context: Context, default: int, most: int) -> list[Run]:
    project = options.text("project", context.project)
    if project != named_runs.ALL:
        layout.check_name(project, "project")
    runs = named_runs.selected(options, context.root, project, default, most)
    catch_up_several(runs, PATIENCE)
    context.is_live |= any(run.status == layout.RUNNING for run in runs)
    return runs


def _entries(runs: Sequence[Run], *, with_metrics: bool) -> list[RunEntry]:
    by_run: dict[int, dict[str, Figures]] = {run.pk: {} for run in runs}
    for row in RunMetric.objects.filter(run__in=runs) if with_metrics else ():
        last = row.last if row.last_special is None else float(row.last_special)
        by_run[row.run_id][row.key] = Figures(
            last, row.best, row.minimum, row.maximum, row.count, row.last_step, last_text=row.last_text
        )
    return [
        RunEntry(
            id=run.run_id,
            project=run.project,
            name=run.name,
            state=run.shown_state,
            status=run.status,
            created_at=run.created,
            display_name=run.display_name,
            state_reason=run.state_reason,
            group=run.group,
            started_at=run.started,
            ended_at=run.ended,
            duration=run.duration,
            hostname=run.hostname,
            owner=run.owner,
            tags=run.tags,
            description=run.description,
            best_metric_name=run.best_metric_name,
            best_metric_value=run.best_metric_value,
            best_metric_step=run.best_metric_step,
            config=run.config,
            summary=run.summary,
            metric_rules=run.metric_rules,
            metrics=by_run[run.pk],
        )
        for run in runs
    ]


def _name(run: Run, labels: Mapping[str, str]) -> Cell:
    return Cell(labels[run.run_id], href=reverse("run", args=[run.run_id]), state=run.shown_state)


def _value(value: Any, best: Any = None) -> Cell:
    if value is None:
        return Cell()
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return Cell(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")
    return Cell(str(figure(value)), is_number=True, is_best=best is not None and value == best)


Make = Callable[[Options, Context], Table | Chart]
_NAMED = (*named_runs.OPTIONS, "title")
KINDS: Mapping[str, tuple[Sequence[str], Make]] = {
    "chart": ((*_NAMED, "metrics", "x", "log", "smoothing", "together"), _chart),
    "table": ((*_NAMED, "columns"), _table),
    "pivot": (("title", "project", "where", "rows", "columns", "metric"), _pivot),
    "samples": ((*_NAMED, "name", "step", "sample", "having", "q", "order", "columns"), _samples),
    "difference": (("title", "project", "a", "b"), _difference),
    "runs": (_NAMED, _list),
}
