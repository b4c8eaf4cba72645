"""Template tags and filters of all pages: icons, navigation, statuses, and human-readable numbers and times.

`static/js/chart/text/format.js` and `static/js/times.js` write figures and times by the same rules.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_noop

from runicorn.store.state import State
from runicorn_site.web import markdown, messages
from runicorn_site.web.addresses import site_address

register = template.Library()
register.filter("markdown", markdown.render)
register.filter("translated", messages.translated)

SETTINGS = (
    "/settings",
    "/system",
    "/recycle-bin",
    "/import",
    "/users",
    "/docs",
    "/redoc",
    "/admin",
    "/changes",
)
"""Pages of the settings, which have one entry in the navigation."""
MINUTE, HOUR, DAY = 60, 3600, 86400
KIB = 1024
STATUSES: dict[str, str] = {
    State.RUNNING: gettext_noop("running"),
    State.STALLED: gettext_noop("stalled"),
    State.LOST: gettext_noop("lost"),
    State.FINISHED: gettext_noop("finished"),
    State.FAILED: gettext_noop("failed"),
    State.KILLED: gettext_noop("killed"),
    State.OUT_OF_MEMORY: gettext_noop("out of memory"),
    State.PREEMPTED: gettext_noop("preempted"),
    State.TIME_LIMIT: gettext_noop("time limit"),
    State.INTERRUPTED: gettext_noop("interrupted"),
}
"""Labels of the states, of which four are statuses too; icons and CSS classes have their names."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """Render an icon of the sprite; it is decorative, beside a text."""
    return _icon(name, get_script_prefix())


@lru_cache(maxsize=200)
def _icon(name: str, prefix: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("img/icons.svg"), name
    )


@register.simple_tag(takes_context=True)
def needs(context: Context, right: str, subject: Any = None, mark: str = "data-denied") -> SafeString:
    """Render the attribute that hides an element from users without a right; the server refuses its request anyway.

    Args:
        context: with `may`, see `people/access/page_rights.py`.
        right: `admin`, `curate`, `edit`, `edit_run` or `edit_project`.
        subject: the run or the name of the project of the last two.
        mark: `data-fixed` to hide the edit buttons in a row instead.
    """
    value = getattr(context.get("may"), right, True)
    is_held = value(subject) if callable(value) else value
    return SafeString("" if is_held else f" {mark}")


@register.simple_tag
def catalogue_module() -> str:
    """Return the module with the translated texts of scripts; English needs none."""
    language = get_language()
    return "" if language in (None, "en") else f"+i18n/{language}"


@register.simple_tag(takes_context=True)
def rail_link(context: Context, address: str, picture: str, label: str) -> SafeString:
    """Render a link of the navigation, marked if the page is at or below it."""
    return format_html(
        '<a href="{}"{}>{}{}</a>', site_address(address), rail_mark(context, address), icon(picture), label
    )


@register.simple_tag(takes_context=True)
def rail_mark(context: Context, address: str) -> SafeString:
    """Render the mark of a link of the navigation. Error pages without a request have no mark."""
    path = _path(context)
    if address in SETTINGS:
        here = any(_is_at(path, page) for page in SETTINGS)
    else:
        here = _is_at(path, address) or (address == "/" and path.startswith("/runs/"))
    return SafeString(' aria-current="page"' if here else "")


@register.simple_tag(takes_context=True)
def tab_link(context: Context, address: str, label: str) -> SafeString:
    """Render a link to one of the pages of the settings."""
    mark = SafeString(' aria-current="page"' if _is_at(_path(context), address) else "")
    return format_html('<a href="{}"{}>{}</a>', site_address(address), mark, label)


def _path(context: Context) -> str:
    request = context.get("request")
    return request.path_info if request else ""


def _is_at(path: str, address: str) -> bool:
    return path == address or (address != "/" and path.startswith(f"{address}/"))


@register.simple_tag
def status(word: str) -> SafeString:
    """Render a status as a word, a shape and a colour; an unknown one is shown as it is."""
    return _status(word if word in STATUSES else "unknown", status_label(word), get_script_prefix())


def status_label(word: str) -> str:
    return gettext(STATUSES[word]) if word in STATUSES else word


@lru_cache(maxsize=200)
def _status(shape: str, label: str, prefix: str) -> SafeString:
    return format_html('<span class="status {}">{}{}</span>', shape, icon(shape), label)


@register.simple_tag
def state_name(word: str) -> str:
    return status_label(word)


@register.simple_tag
def status_icon(word: str) -> SafeString:
    """Render a status as a coloured icon; the word is a tooltip and for screen readers."""
    shape, label = word if word in STATUSES else "unknown", status_label(word)
    hidden = format_html('<span class="for-readers">{}</span>', label)
    return format_html('<span class="status {}" title="{}">{}{}</span>', shape, label, icon(shape), hidden)


@register.simple_tag
def moment(seconds: float | None) -> SafeString | str:
    """Render a time (Unix seconds) relative to now, with the exact one on hover; a script keeps it current."""
    if seconds is None:
        return "–"
    exact = datetime.fromtimestamp(seconds, UTC)
    return format_html(
        '<time datetime="{}" data-ts="{}" title="{} UTC">{}</time>',
        exact.isoformat(timespec="milliseconds"),
        f"{seconds:.3f}",
        exact.strftime("%Y-%m-%d %H:%M:%S"),
        ago(seconds),
    )


@register.simple_tag
def clock(seconds: float) -> SafeString:
    """Render a time (Unix seconds) as `14:02`, with the date after half a day; UTC until a script shows local time."""
    exact = datetime.fromtimestamp(seconds, UTC)
    recent = abs(time.time() - seconds) < DAY / 2
    return format_html(
        '<time datetime="{}" data-ts="{}" data-clock title="{} UTC">{}</time>',
        exact.isoformat(timespec="milliseconds"),
        f"{seconds:.3f}",
        exact.strftime("%Y-%m-%d %H:%M:%S"),
        exact.strftime("%H:%M" if recent else "%Y-%m-%d %H:%M"),
    )


def ago(seconds: float, now: float | None = None) -> str:
    """Format a time as `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, then the date."""
    past = (time.time() if now is None else now) - seconds
    if past < 0 or past >= 30 * DAY:
        form = "%Y-%m-%d" if past > 0 else "%Y-%m-%d %H:%M:%S"
        return datetime.fromtimestamp(seconds, UTC).strftime(form)
    if past < 5:
        return gettext("just now")
    if past < MINUTE:
        return gettext("%(n)d s ago") % {"n": past}
    if past < HOUR:
        return gettext("%(n)d min ago") % {"n": past // MINUTE}
    if past < DAY:
        return gettext("%(n)d h ago") % {"n": past // HOUR}
    return gettext("%(n)d d ago") % {"n": past // DAY}


@register.filter
def duration(seconds: float | None) -> str:
    """Format seconds as `850 ms`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + " s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE):02d} min"
    return f"{int(seconds // DAY)} d {int(seconds % DAY // HOUR)} h"


@register.filter
def figure(value: Any) -> str:
    """Format a number with five significant digits; text stays, a missing value is –."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    return _finite(value).replace("-", "−", 1) if value < 0 else _finite(value)


def _finite(value: float) -> str:
    size = abs(value)
    if value and (size < 1e-4 or size >= 1e9):
        digits, power = f"{value:.4e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    if value == int(value):
        return f"{int(value):,}"
    decimals = max(0, 4 - math.floor(math.log10(size)))
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:,.0f}"


@register.filter
def size(count: float) -> str:
    """Format bytes as `812 B`, `3.4 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < KIB:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= KIB
    return f"{count:.1f} TiB"
