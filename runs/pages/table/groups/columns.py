"""What a row of a group shows in each column: a statistic of all its members, or what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from runicorn.store import layout
from runicorn_site.web.templatetags.ui import duration, figure, moment, status_icon, status_label
from runs.pages.table.cells import EMPTY, MISSING
from runs.query.analysis import grouping, run_values
from runs.query.analysis.group_names import interval_text
from runs.query.analysis.grouping import Membership, Statistics
from runs.query.analysis.metric_values import Floats, Quantity
from runs.query.analysis.run_values import Words
from runs.query.matches import Matches
from runs.query.sort_keys import metric_of
from runs.store.lazy_numpy import np

Figure = Callable[[float], str]
LONGEST = 200
FIELDS = {"project": "project", "owner": "owner", "host": "hostname", "note": "description", "group": "group"}


class GroupColumn(Protocol):
    """A column of the rows of groups."""

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        """Render the cell of a group; `more` ends its tooltip."""

    def order(self, statistic: str) -> Floats:
        """Return a number for each group to sort by, NaN without one."""


class Numbers:
    """A statistic of a number; `spread` and `show` format it."""

    def __init__(self, statistics: Statistics, show: Figure = figure, scores: Floats | None = None) -> None:
        self.statistics, self.show, self.scores = statistics, show, scores

    def order(self, statistic: str) -> Floats:
        values: Floats = getattr(self.statistics, statistic)
        # The best first: where less is better, the order is that of the negated values.
        return values if self.scores is None or statistic == "std" else values * np.sign(self.scores)

    def text(self, at: int, statistic: str) -> str:
        """Return the statistic as the table shows it."""
        value, std = float(getattr(self.statistics, statistic)[at]), float(self.statistics.std[at])
        if value != value:
            return MISSING
        if statistic != "mean" or std != std:
            return self.show(value)
        if not std:
            return f"{self.show(value)} ± 0"
        if self.show is not figure:
            return f"{self.show(value)} ± {self.show(std)}"
        return interval_text(value, std, "±").replace("-", "−")

    def title(self, at: int) -> str:
        """Return all statistics in one sentence."""
        n, mean, std, *others = (float(column[at]) for column in self.statistics)
        if not n:
            return gettext("No values")
        median, low, high = map(self.show, others)
        spread = f" ± {self.show(std)}" if std == std else ""
        count = ngettext("%(n)d value", "%(n)d values", int(n)) % {"n": n}
        return gettext("mean %(mean)s, median %(median)s, %(low)s … %(high)s (%(count)s)") % {
            "mean": f"{self.show(mean)}{spread}",
            "median": median,
            "low": low,
            "high": high,
            "count": count,
        }

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        text = self.text(at, statistic)
        title = "\n".join(part for part in (self.title(at), more) if part)
        return format_html(
            '<td class="{}{}" title="{}">{}</td>', css, " faint" if text == MISSING else "", title, text
        )


class Best(Numbers):
    """The primary metric, where all members have the same."""

    def __init__(self, membership: Membership, best: run_values.Best) -> None:
        names = run_values.in_common(membership, best.names)
        # A run without the metric is no other metric.
        lacking = run_values.in_common(membership, [name is None for name in best.names])
        self.names, self.several = names.first, names.different - (lacking.different - 1) > 1
        statistics = grouping.statistics(membership, best.values)
        scores = grouping.statistics(membership, best.scores).mean
        negated = np.where(scores * statistics.mean < 0, -1.0, 1.0)
        super().__init__(statistics, scores=negated)
        self._first = _first_names(membership, best.names)

    def name(self, at: int) -> str | None:
        """Return the metric of a group; None without one, or with several."""
        return None if self.several[at] else self._first[at]

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        if self.several[at]:
            return format_html('<td class="{} faint">{}</td>', css, gettext("several metrics"))
        name, title = self._first[at], "\n".join(part for part in (self.title(at), more) if part)
        if name is None:
            return format_html('<td class="{}"><span class="cells"></span></td>', css)
        return format_html(
            '<td class="{}" title="{}"><span class="cells"><span class="clip soft">{}</span>'
            "<b>{}</b></span></td>",
            css,
            title,
            name,
            self.text(at, statistic),
        )


def _first_names(membership: Membership, names: Sequence[str | None]) -> list[str | None]:
    """Return the metric of the newest member with one, of each group."""
    result: list[str | None] = [None] * len(membership)
    groups = np.repeat(np.arange(len(membership)), membership.sizes)
    for at, place in zip(groups.tolist(), membership.members.tolist(), strict=True):
        if names[place] is not None:
            result[at] = names[place]
    return result


class Range:
    """A config value: the one that all members have, or between which ones it varies."""

    def __init__(self, membership: Membership, numbers: Floats, texts: Sequence[str | None]) -> None:
        self.statistics = grouping.statistics(membership, numbers)
        self.words = run_values.in_common(membership, texts)
        self.sizes = membership.sizes

    def order(self, statistic: str) -> Floats:
        values: Floats = getattr(self.statistics, statistic)
        return values

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        if self.words.different[at] == 1:
            text = self.words.first[at]
            number = self.statistics.mean[at]
            label = MISSING if text is None else figure(float(number)) if number == number else text
            return format_html('<td class="{}{}">{}</td>', css, " faint" if text is None else "", label)
        count = ngettext("%(n)d value", "%(n)d values", int(self.words.different[at])) % {
            "n": self.words.different[at]
        }
        if self.statistics.n[at] == self.sizes[at]:
            text = f"{figure(float(self.statistics.min[at]))} … {figure(float(self.statistics.max[at]))}"
            return format_html('<td class="{} soft" title="{}">{}</td>', css, count, text)
        return format_html('<td class="{} faint">{}</td>', css, count)


class Newest:
    """The latest of times."""

    def __init__(self, membership: Membership, times: Floats) -> None:
        self.statistics = grouping.statistics(membership, times)

    def order(self, statistic: str) -> Floats:
        return self.statistics.max

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        value = float(self.statistics.max[at])
        return format_html('<td class="{}">{}</td>', css, moment(value) if value == value else EMPTY)


class Common:
    """A word that all members share, or how many different ones they have."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def order(self, statistic: str) -> Floats:
        ranks = {
            text: rank for rank, text in enumerate(sorted({str(word or "") for word in self.words.first}))
        }
        return np.array([float(ranks[str(word or "")]) for word in self.words.first])

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        number = int(self.words.different[at])
        if number > 1:
            count = ngettext("%(n)d value", "%(n)d values", number) % {"n": number}
            return format_html('<td class="{} faint">{}</td>', css, count)
        text = self.words.first[at]
        label = "" if text is None else figure(text)
        return format_html(
            '<td class="{} clip soft" title="{}"><bdi>{}</bdi></td>',
            css,
            label,
            Truncator(label).chars(LONGEST),
        )


class States:
    """How many members are in which state."""

    def __init__(self, membership: Membership, states: Sequence[str]) -> None:
        self.words = sorted(set(states), key=lambda word: (word != "failed", word))
        index = {word: code for code, word in enumerate(self.words)}
        codes = np.fromiter((index[state] for state in states), np.int64, len(states))
        groups = np.repeat(np.arange(len(membership)), membership.sizes)
        flat = np.bincount(
            groups * len(self.words) + codes[membership.members], minlength=len(membership) * len(self.words)
        )
        self.counts = flat.reshape(len(membership), len(self.words))

    def order(self, statistic: str) -> Floats:
        counts: Floats = self.counts[:, :1].sum(axis=1).astype(float)  # none at all without runs
        return counts

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        present = [
            (word, int(count)) for word, count in zip(self.words, self.counts[at], strict=True) if count
        ]
        title = ", ".join(f"{count} {status_label(word)}" for word, count in present)
        # What is finished needs no number beside others.
        icons = format_html_join(
            "",
            "<span>{}{}</span>",
            ((status_icon(word), "" if len(present) == 1 else figure(count)) for word, count in present),
        )
        return format_html('<td class="{}" title="{}"><span class="states">{}</span></td>', css, title, icons)


class Nothing:
    """A column without meaning for groups."""

    def cell(self, css: str, at: int, statistic: str, more: str = "") -> SafeString:
        return format_html('<td class="{}"></td>', css)

    def order(self, statistic: str) -> Floats:
        return np.empty(0)


def group_column(matches: Matches, membership: Membership, key: str) -> GroupColumn:
    """Return a column of the table over all members of groups; it is read once for these groups."""
    if metric := metric_of(key):  # a formula may have been defined meanwhile
        return Numbers(grouping.metric_statistics(matches.root, membership, Quantity(key, *metric)))
    return membership.computed(("column", key), lambda: _read(matches, membership, key))


def _read(matches: Matches, membership: Membership, key: str) -> GroupColumn:
    keys = membership.keys
    if key == "best":
        return Best(membership, run_values.best(matches, keys))
    if key == "step":
        steps = run_values.numbers(matches, keys, "last_step")
        return Numbers(grouping.statistics(membership, steps), lambda step: figure(round(step)))
    if key == "duration":
        return Numbers(grouping.statistics(membership, run_values.numbers(matches, keys, key)), duration)
    if key in ("created", "updated"):
        return Newest(membership, run_values.numbers(matches, keys, key))
    if key == "status":
        rows = run_values.columns(matches, keys, "status", "state")
        states = [state if status in layout.STATUSES else status or "unknown" for status, state in rows]
        return States(membership, states)
    if key in FIELDS:
        rows = run_values.columns(matches, keys, FIELDS[key])
        return Common(run_values.in_common(membership, [row[0] or None for row in rows]))
    if key.startswith("config."):
        return Range(membership, *run_values.params(matches, keys, key.removeprefix("config.")))
    if key.startswith("summary."):
        values = run_values.summaries(matches, keys, key.removeprefix("summary."))
        return Common(run_values.in_common(membership, [_plain(value) for value in values]))
    return Nothing()


def _plain(value: Any) -> Any:
    return None if isinstance(value, (dict, list)) else value


def colours(matches: Matches, membership: Membership) -> Words:
    """Return the colours of the members of each group."""
    rows = membership.computed("colours", lambda: run_values.columns(matches, membership.keys, "color"))
    return membership.computed(
        "common colours", lambda: run_values.in_common(membership, [row[0] for row in rows])
    )
