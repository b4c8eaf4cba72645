"""Render the cells of the runs table as HTML.

A page has hundreds of them; rendered here they take half of the time that templates need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext

from runicorn.store import layout
from runicorn_site.web.templatetags.ui import duration, figure, icon, moment, status, status_icon
from runs.models import Run
from runs.pages.state_reason import reason, reason_text
from runs.pages.table.baseline_comparison import MARKS, BaselineComparison, difference_text
from runs.pages.table.names import parted
from runs.query.completeness import in_words, missing_of

EMPTY = SafeString("")
MISSING = "–"
COLOUR_DOT = '<svg class="colour-dot" viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="6" fill="{}"/></svg>'
LONGEST_NOTE = 200
TAGS_IN_NAME = 2


@dataclass(slots=True)
class CellContext:
    """The run of a row and what its cells need beside it.

    Attributes:
        now: time of the page in Unix seconds.
        sparkline: picture of the primary metric.
        tags_in_name: whether the tags stand beside the name, because they have no column.
        project_address: returns the address of the table with one project.
        tag_address: returns the address of the table with one tag.
        group_address: returns the address of the table with one group.
        text: number of the column, aligned with those of the other rows.
        extra: what tells the run from others of the same name.
        title: how the number of the column differs from the baseline.
        comparison: how the run compares with the baseline of its project.
        is_metric_in_head: whether the head of the column names the metric of all best values.
        common_tags: tags of all rows, which the head names.
    """

    run: Run
    now: float
    sparkline: SafeString
    tags_in_name: bool
    project_address: Callable[[str], str]
    tag_address: Callable[[str], str]
    group_address: Callable[[str], str]
    text: str = ""
    extra: str = ""
    title: str = ""
    comparison: BaselineComparison | None = None
    is_metric_in_head: bool = False
    common_tags: frozenset[str] = frozenset()


def status_cell(css: str, context: CellContext) -> SafeString:
    run = context.run
    # Only what is not finished needs its word.
    render = status_icon if run.shown_state == layout.FINISHED else status
    return format_html('<td class="{}" title="{}">{}</td>', css, reason_text(run), render(run.shown_state))


def reason_cell(css: str, context: CellContext) -> SafeString:
    return format_html(
        '<td class="{} clip soft" title="{}">{}</td>', css, reason_text(context.run), reason(context.run)
    )


def name_cell(css: str, context: CellContext) -> SafeString:
    run = context.run
    return format_html(
        '<td class="{}"><span class="cells">{}{}{}<a class="name clip" href="{}" title="{}"><bdi>{}</bdi></a>{}{}'
        '<button class="button quiet small edit" type="button" tabindex="-1" data-edit="{}"'
        ' title="{}" aria-label="{}">{}</button></span></td>',
        css,
        format_html(COLOUR_DOT, run.color) if run.color else EMPTY,
        icon("pin") if run.pinned else EMPTY,
        _incomplete(run),
        reverse("run", args=(run.run_id,)),
        run.label if run.label == run.name else f"{run.label} ({run.name})",
        parted(run.label),
        format_html('<span class="extra clip faint" title="{}">{}</span>', context.extra, context.extra)
        if context.extra
        else EMPTY,
        _first_tags(run, context) if context.tags_in_name else EMPTY,
        run.run_id,
        gettext("Name, tags and note (t)"),
        gettext("Edit name, tags and note of %(name)s") % {"name": run.label},
        icon("edit"),
    )


def _first_tags(run: Run, context: CellContext) -> SafeString:
    """Return two tags, and a button with the number of the others."""
    tags = [tag for tag in run.tags if tag not in context.common_tags]
    links, others = _tag_links(tags[:TAGS_IN_NAME], context), tags[TAGS_IN_NAME:]
    if not tags:
        return EMPTY
    if not others:
        return format_html('<span class="tags">{}</span>', links)
    return format_html(
        '<span class="tags">{}<button class="tag more" type="button" data-edit="{}" title="{}">+{}'
        '<span class="for-readers"> {}</span></button></span>',
        links,
        run.run_id,
        ", ".join(others),
        len(others),
        gettext("tags"),
    )


def _incomplete(run: Run) -> SafeString:
    """Return the mark of a run with missing records."""
    return (
        _warning(gettext("Incomplete: %(records)s records") % {"records": in_words(run)})
        if missing_of(run)
        else EMPTY
    )


def _warning(text: str) -> SafeString:
    return format_html(
        '<span class="warned" title="{}">{}<span class="for-readers">{}</span></span>',
        text,
        icon("warning"),
        text,
    )


def _tag_links(tags: Iterable[str], context: CellContext) -> SafeString:
    return format_html_join(
        "",
        '<a class="tag" href="{}" title="{}"><bdi>{}</bdi></a>',
        ((context.tag_address(tag), tag, tag) for tag in tags),
    )


def project_cell(css: str, context: CellContext) -> SafeString:
    return _link_cell(css, context.run.project, context.project_address)


def _link_cell(css: str, text: str, address: Callable[[str], str]) -> SafeString:
    return format_html(
        '<td class="{} clip"><a class="soft" href="{}" title="{}"><bdi>{}</bdi></a></td>',
        css,
        address(text),
        text,
        text,
    )


def id_cell(css: str, context: CellContext) -> SafeString:
    """Render the last part of the id, which is enough to tell runs apart, as a button that copies it."""
    run_id = context.run.run_id
    return format_html(
        '<td class="{} mono"><button class="id clip" type="button" tabindex="-1" data-copy-text="{}"'
        ' title="{}">{}</button></td>',
        css,
        run_id,
        gettext("Copy %(id)s") % {"id": run_id},
        run_id.rpartition("_")[2] or run_id,
    )


def best_cell(css: str, context: CellContext) -> SafeString:
    run = context.run
    if not run.best_metric_name:
        return format_html('<td class="{}"><span class="cells"></span></td>', css)
    step = "–" if run.best_metric_step is None else run.best_metric_step
    return format_html(
        '<td class="{}"><span class="cells">{}{}<b title="{}">{}</b></span></td>',
        css,
        EMPTY
        if context.is_metric_in_head
        else format_html(
            '<span class="clip soft" title="{}">{}</span>', run.best_metric_name, run.best_metric_name
        ),
        context.sparkline,
        _lines(
            run.best_metric_name,
            gettext("%(value)s at step %(step)s") % {"value": run.best_metric_value, "step": step},
            context.title,
        ),
        context.text,
    )


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def step_cell(css: str, context: CellContext) -> SafeString:
    step = context.run.last_step
    return format_html('<td class="{}">{}</td>', css, EMPTY if step is None else figure(step))


def duration_cell(css: str, context: CellContext) -> SafeString:
    run, text = context.run, EMPTY
    if run.status == layout.RUNNING and run.started:
        text = format_html(
            '<time data-ts="{}" data-running>{}</time>',
            str(run.started),
            duration(max(0.0, context.now - run.started)),
        )
    elif run.duration is not None:
        text = format_html("{}", duration(run.duration))
    return format_html('<td class="{}">{}</td>', css, text)


def created_cell(css: str, context: CellContext) -> SafeString:
    return format_html('<td class="{}">{}</td>', css, moment(context.run.created))


def updated_cell(css: str, context: CellContext) -> SafeString:
    return format_html('<td class="{}">{}</td>', css, moment(context.run.updated))


def tags_cell(css: str, context: CellContext) -> SafeString:
    links = _tag_links(context.run.tags, context)
    return format_html('<td class="{}"><span class="cells">{}</span></td>', css, links)


def note_cell(css: str, context: CellContext) -> SafeString:
    note = context.run.description
    short = Truncator(note).chars(LONGEST_NOTE)
    return format_html('<td class="{} clip soft" title="{}"><bdi>{}</bdi></td>', css, note, short)


def owner_cell(css: str, context: CellContext) -> SafeString:
    return _text_cell(css, context.run.owner or "")


def group_cell(css: str, context: CellContext) -> SafeString:
    group = context.run.group
    return _link_cell(css, group, context.group_address) if group else _text_cell(css, "")


def host_cell(css: str, context: CellContext) -> SafeString:
    return _text_cell(css, context.run.hostname or "")


def _text_cell(css: str, text: str) -> SafeString:
    return format_html('<td class="{} clip soft" title="{}"><bdi>{}</bdi></td>', css, text, text)


def records_cell(css: str, context: CellContext) -> SafeString:
    return format_html('<td class="{}">{}</td>', css, in_words(context.run))


def value_cell(css: str, context: CellContext) -> SafeString:
    text = context.text
    if "number" not in css:
        return format_html('<td class="{} clip" title="{}"><bdi>{}</bdi></td>', css, text, text)
    if text == "NaN":
        return format_html('<td class="{} nan" title="{}">{}</td>', css, gettext("Not a number"), text)
    faint = " faint" if text == MISSING else ""
    if not context.title:
        return format_html('<td class="{}{}">{}</td>', css, faint, text)
    return format_html('<td class="{}{}" title="{}">{}</td>', css, faint, context.title, text)


def verdict_cell(css: str, context: CellContext) -> SafeString:
    return comparison_cells(css, context.comparison)


def comparison_cells(css: str, comparison: BaselineComparison | None) -> SafeString:
    """Render a verdict against the baseline."""
    if comparison is None:
        return format_html('<td class="{}"></td>', css)
    if comparison.verdict is None:
        return format_html('<td class="{}"><b class="is-baseline">{}</b></td>', css, gettext("baseline"))
    # A sentence a row would take a third of the table; the tooltip and screen readers have it.
    return format_html(
        '<td class="{}" title="{}"><span class="verdict {}" aria-hidden="true">{}</span><span class="for-readers">{}</span></td>',
        css,
        comparison.title,
        comparison.verdict.verdict,
        comparison.short or MARKS[comparison.verdict.verdict],
        comparison.text,
    )


def difference_cell(css: str, context: CellContext) -> SafeString:
    return difference_cells(css, context.comparison)


def difference_cells(css: str, comparison: BaselineComparison | None) -> SafeString:
    """Render the difference from the baseline, absolute and relative."""
    verdict = None if comparison is None else comparison.verdict
    text = difference_text(verdict.difference, verdict.relative) if verdict else ""
    return format_html(
        '<td class="{}" title="{}">{}</td>', css, comparison.metric if comparison else "", text
    )
