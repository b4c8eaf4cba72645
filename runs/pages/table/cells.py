"""The cells of the runs table as HTML, a function for each column.

A page has hundreds of them: made here they take half of the time that templates need for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from runicorn.store import heartbeat
from runicorn_site.web.templatetags.ui import clock, duration, figure, icon, moment, status
from runs.pages.table.rows import Row
from runs.pages.table.state import TableState
from runs.query.completeness import in_words, missing_of

EMPTY = SafeString("")
LONGEST_NOTE = 200


def cells(row: Row, state: TableState, spark: SafeString) -> SafeString:
    """The cells of one row in the order of its columns.

    Args:
        row: the run and its values.
        state: what the table shows, for links that narrow it.
        spark: the picture of the primary metric.
    """
    return SafeString(
        "".join(
            OWN[cell.key](row, state, spark)
            if cell.key in OWN
            else format_html('<td class="number c-extra">{}</td>', figure(cell.value))
            for cell in row.cells
        )
    )


def _status(row: Row, state: TableState, spark: SafeString) -> SafeString:
    return format_html('<td class="c-status">{}</td>', status(row.run.status))


def _silent(row: Row) -> SafeString:
    """Return the mark of a running run whose sender has not been heard for minutes."""
    if row.run.heartbeat is None or not heartbeat.is_silent(row.run.status, row.run.heartbeat, row.now):
        return EMPTY
    return _mark(f"No heartbeat since {strip_tags(clock(row.run.heartbeat))}")


def _mark(words: str) -> SafeString:
    return format_html(
        '<span class="warned" title="{}">{}<span class="for-readers">{}</span></span>',
        words,
        icon("warning"),
        words,
    )


def _incomplete(row: Row) -> SafeString:
    """Return the mark of a run whose records are not all there."""
    if not missing_of(row.run):
        return EMPTY
    return _mark(f"Incomplete: {in_words(row.run)} records")


def _name(row: Row, state: TableState, spark: SafeString) -> SafeString:
    run = row.run
    return format_html(
        '<td class="c-name"><span class="cells">{}{}<a class="name clip" href="{}" title="{}"><bdi>{}</bdi></a>{}'
        '<button class="button quiet small edit" type="button" tabindex="-1" data-edit="{}"'
        ' title="Tags and note (t)" aria-label="Edit tags and note of {}">{}</button></span></td>',
        icon("pin") if run.pinned else EMPTY,
        _incomplete(row) + _silent(row),
        reverse("run", args=(run.run_id,)),
        run.name,
        run.name,
        format_html('<span class="tags">{}</span>', _tag_links(run.tags, state))
        if row.tagged and run.tags
        else EMPTY,
        run.run_id,
        run.name,
        icon("edit"),
    )


def _tag_links(tags: Iterable[str], state: TableState) -> SafeString:
    return format_html_join(
        "",
        '<a class="tag" href="{}" title="{}"><bdi>{}</bdi></a>',
        ((state.but(tags=(tag,)).address, tag, tag) for tag in tags),
    )


def _project(row: Row, state: TableState, spark: SafeString) -> SafeString:
    project = row.run.project
    return format_html(
        '<td class="c-project clip"><a class="soft" href="{}" title="{}"><bdi>{}</bdi></a></td>',
        _of_project(state, state.preferred, project),
        project,
        project,
    )


@lru_cache(maxsize=256)
def _of_project(state: TableState, preferred: tuple[str, ...], project: str) -> str:
    """The address of the table with one project; what a person prefers is in it, though it makes no other state."""
    return state.but(project=project).address


def _id(row: Row, state: TableState, spark: SafeString) -> SafeString:
    return format_html('<td class="c-id mono faint clip">{}</td>', row.run.run_id)


def _best(row: Row, state: TableState, spark: SafeString) -> SafeString:
    run = row.run
    if not run.best_metric_name:
        return SafeString('<td class="c-best"><span class="cells"></span></td>')
    step = "–" if run.best_metric_step is None else run.best_metric_step
    return format_html(
        '<td class="c-best"><span class="cells"><span class="clip soft" title="{}">{}</span>{}'
        '<b title="{} at step {}">{}</b></span></td>',
        run.best_metric_name,
        run.best_metric_name,
        spark,
        run.best_metric_value,
        step,
        figure(run.best_metric_value),
    )


def _step(row: Row, state: TableState, spark: SafeString) -> SafeString:
    step = row.run.last_step
    return format_html('<td class="number c-step">{}</td>', EMPTY if step is None else figure(step))


def _duration(row: Row, state: TableState, spark: SafeString) -> SafeString:
    run, took = row.run, EMPTY
    if row.running and run.started:
        took = format_html(
            '<time data-ts="{}" data-running>{}</time>', str(run.started), duration(row.elapsed)
        )
    elif run.duration is not None:
        took = format_html("{}", duration(run.duration))
    return format_html('<td class="number c-duration">{}</td>', took)


def _created(row: Row, state: TableState, spark: SafeString) -> SafeString:
    return format_html('<td class="number c-created">{}</td>', moment(row.run.created))


def _updated(row: Row, state: TableState, spark: SafeString) -> SafeString:
    return format_html('<td class="number c-updated">{}</td>', moment(row.run.updated))


def _tags(row: Row, state: TableState, spark: SafeString) -> SafeString:
    links = _tag_links(row.run.tags, state)
    return format_html('<td class="c-tags"><span class="cells">{}</span></td>', links)


def _note(row: Row, state: TableState, spark: SafeString) -> SafeString:
    note = row.run.description
    short = Truncator(note).chars(LONGEST_NOTE)
    return format_html('<td class="c-note clip soft" title="{}"><bdi>{}</bdi></td>', note, short)


def _group(row: Row, state: TableState, spark: SafeString) -> SafeString:
    group = row.run.group
    return format_html('<td class="c-group clip soft" title="{}"><bdi>{}</bdi></td>', group, group)


def _records(row: Row, state: TableState, spark: SafeString) -> SafeString:
    return format_html('<td class="number c-records">{}</td>', in_words(row.run))


def _host(row: Row, state: TableState, spark: SafeString) -> SafeString:
    host = row.run.hostname or ""
    return format_html('<td class="c-host clip soft" title="{}"><bdi>{}</bdi></td>', host, host)


OWN: dict[str, Callable[[Row, TableState, SafeString], SafeString]] = {
    "status": _status,
    "name": _name,
    "project": _project,
    "id": _id,
    "best": _best,
    "step": _step,
    "duration": _duration,
    "created": _created,
    "updated": _updated,
    "tags": _tags,
    "note": _note,
    "group": _group,
    "host": _host,
    "records": _records,
}
