"""Rows of the narrow list: name, status and one value."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from runicorn.store import layout
from runs.models import Run
from runs.pages.table.baseline import Baselines
from runs.pages.table.cells import EMPTY, CellContext
from runs.pages.table.columns import column_of, is_added
from runs.pages.table.rows import shown_instead
from runs.pages.table.state import TableState
from runs.pages.table.values import added_values, aligned
from runs.query import usual_metric
from runs.query.sort_keys import metric_of

VALUE_CSS = "number value clip"
WITH_A_CELL = {"step", "duration", "created", "updated", "records"}


@dataclass(frozen=True, slots=True)
class ListRow:
    """A run of the narrow list with the cell of its value."""

    run: Run
    value: SafeString
    number: float | None = None
    """The value, if it is a number by which a legend can sort."""
    extra: str = ""
    """What tells the run from others of the same name."""

    @property
    def running(self) -> bool:
        """Whether the run may still change."""
        return self.run.status == layout.RUNNING

    @property
    def name(self) -> str:
        """The name that a user gave the run, or that of its script."""
        return self.run.label

    @property
    def mark(self) -> str:
        """A checksum of what the row shows."""
        run = self.run
        fields = (self.name, self.extra, run.color, run.shown_state, run.pinned, self.value)
        return f"{crc32(repr(fields).encode()):x}"

    @property
    def points(self) -> str:
        """A checksum that changes when the run may have new points."""
        run = self.run
        # The last step of a run that has ended changes when its journal is ingested, its points do not.
        grown = (run.last_step, run.updated) if self.running else ()
        return f"{crc32(repr((run.status, run.journal_bytes, *grown)).encode()):x}"


def list_rows(
    runs: Sequence[Run], state: TableState, baselines: Baselines, extras: Mapping[int, str]
) -> list[ListRow]:
    """Return the runs with the value that they are sorted by, or else with their primary metric.

    Args:
        extras: what tells runs of equal names apart, by primary key.
    """
    rows = _rows_with_values(runs, state, baselines)
    return [replace(row, extra=extras.get(row.run.pk, "")) for row in rows]


def _rows_with_values(runs: Sequence[Run], state: TableState, baselines: Baselines) -> list[ListRow]:
    key = value_key(state)
    usual_metric.fill(runs, shown_instead(baselines))
    bases = [baselines.of(run.project) for run in runs]
    if is_added(key):
        values = added_values(runs, [key])
        numbers = [values.get((run.pk, key)) for run in runs]
        titles = [
            base.title(key, number) if base and isinstance(number, float) else ""
            for base, number in zip(bases, numbers, strict=True)
        ]
        return [_value_row(*row) for row in zip(runs, numbers, aligned(numbers), titles, strict=True)]
    if key == "best":
        best = [run.best_metric_value for run in runs]
        titles = [
            base.title(key, run.best_metric_value, run.best_metric_name) if base else ""
            for base, run in zip(bases, runs, strict=True)
        ]
        cells = map(_primary_metric, runs, aligned(best), titles)
        return [ListRow(*row) for row in zip(runs, cells, best, strict=True)]
    now, cell = time.time(), column_of(key).cell
    contexts = (CellContext(run, now, EMPTY, False, str, str, str) for run in runs)
    return [ListRow(context.run, cell(VALUE_CSS, context)) for context in contexts]


def _value_row(run: Run, value: float | str | None, text: str, title: str) -> ListRow:
    cell = format_html('<td class="{}" title="{}">{}</td>', VALUE_CSS, title, text)
    return ListRow(run, cell, value if isinstance(value, float) and math.isfinite(value) else None)


def value_key(state: TableState) -> str:
    """Return the key of the column that the list shows."""
    shows_more = is_added(state.key) or (state.key in WITH_A_CELL and state.sorts != ("-created",))
    return state.key if shows_more else "best"


def value_label(runs: Sequence[Run], state: TableState) -> str:
    key = value_key(state)
    if key != "best":
        return str(column_of(key).label)
    names = {run.best_metric_name for run in runs if run.best_metric_name}
    return names.pop() or "" if len(names) == 1 else gettext("Best metric")


def value_metric(runs: Sequence[Run], state: TableState) -> str:
    """Return the metric of the list's values with its statistic; empty where they are of several, or of none."""
    key = value_key(state)
    if key != "best":
        return ".".join(metric_of(key) or ())
    names = {run.best_metric_name for run in runs}
    return f"{name}.best" if len(names) == 1 and (name := names.pop()) else ""


def _primary_metric(run: Run, text: str, title: str) -> SafeString:
    if not run.best_metric_name:
        return format_html('<td class="{}"></td>', VALUE_CSS)
    step = "–" if run.best_metric_step is None else run.best_metric_step
    return format_html(
        '<td class="{}" title="{}">{}</td>',
        VALUE_CSS,
        "\n".join(
            part
            for part in (
                gettext("{metric} at step {step}").format(metric=run.best_metric_name, step=step),
                title,
            )
            if part
        ),
        text,
    )
