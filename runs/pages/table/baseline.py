"""Differences and verdicts of the rows of the runs table against the baselines of their projects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.http import HttpRequest
from django.utils.translation import gettext

from runicorn.store.project import analysis
from runicorn_site.web.actor import SHARED
from runicorn_site.web.readable import current
from runicorn_site.web.templatetags.ui import figure
from runicorn_tools.analysis.result import Verdict
from runs.models import Run, StorageRoot
from runs.pages.table.baseline_comparison import BaselineComparison, difference_text
from runs.pages.table.state import TableState
from runs.query import usual_metric
from runs.query.analysis.answers import baseline_runs
from runs.query.analysis.metric_values import Definitions, Quantity, values_of
from runs.query.analysis.verdicts import Member, judge_values
from runs.query.sort_keys import metric_of
from runs.store.lazy_numpy import np

COLUMNS = ("verdict", "difference")


def baseline_ids(root: StorageRoot, project: str) -> list[str]:
    """Return the ids of the runs of a baseline; none without a project."""
    if not project or project not in current():
        return []
    try:
        return analysis.read(Path(root.path), project)["baseline"]
    except ValueError:  # a name that is no project
        return []


def are_visible(request: HttpRequest, runs: Iterable[Run]) -> bool:
    """Return whether a request may see runs: by a shared link, only those that it shows."""
    share = getattr(request, "scope", {}).get(SHARED)
    return share is None or all(share.shows(run.project, run.run_id) for run in runs)


def primary_metric(base: Sequence[Run]) -> str | None:
    """Return the primary metric of the runs of a baseline, or else their usual one."""
    if name := next((run.best_metric_name for run in base if run.best_metric_name), None):
        return name
    return usual_metric.of_newest(sorted((run.pk for run in base), reverse=True)) if base else None


def page_quantities(names: Iterable[str], definitions: Definitions, base: Sequence[Run]) -> list[Quantity]:
    """Return metrics with the statistic by which pages judge them, so that all give a run the same verdict.

    That is the one of the definition, for the primary metric the best as in the runs table, for others the last.
    """
    primary = primary_metric(base)
    quantities = (definitions.quantity_of(name) for name in names)
    return [
        quantity._replace(figure="best")
        if quantity.name == primary and not definitions.is_defined(primary)
        else quantity
        for quantity in quantities
    ]


class Baseline:
    """The runs that others of a project are compared with, and the metric by which they are judged."""

    def __init__(self, root: StorageRoot, project: str, state: TableState) -> None:
        self.root = root
        self.runs = baseline_runs(root, baseline_ids(root, project))
        self.keys = {run.pk for run in self.runs}
        self.text = _metric_of(state) or self._primary()
        self._definitions = Definitions.of_runs(self.runs)
        self._means: dict[Quantity, float | None] = {}

    def __bool__(self) -> bool:
        return bool(self.runs and self.text)

    def _primary(self) -> str:
        """Return the primary metric of the baseline, or else the usual one of its runs; empty without one."""
        name = primary_metric(self.runs)
        return f"{name}.best" if name else ""

    @property
    def quantity(self) -> Quantity:
        """Return the metric by which rows are judged."""
        return self._definitions.quantity(self.text)

    def mean(self, quantity: Quantity) -> float | None:
        """Return the mean of the baseline in a metric; None without a value."""
        if quantity not in self._means:
            values = values_of(self.root, quantity, np.array(sorted(self.keys), dtype=np.int64))
            finite = values[np.isfinite(values)]
            self._means[quantity] = float(finite.mean()) if len(finite) else None
        return self._means[quantity]

    def judge(self, groups: Sequence[Sequence[Member]]) -> list[Verdict]:
        """Return the verdicts of groups on the metric."""
        return judge_values(self.root, self.text, self.quantity, self._definitions, groups, self.runs)

    def title(self, column: str, value: float | None, name: str | None = None) -> str:
        """Return the difference of a value of a column, with that of the baseline; empty without one.

        Args:
            name: the metric of the column `best`.
        """
        metric = (name, "best") if column == "best" and name else metric_of(column)
        if metric is None or value is None or not math.isfinite(value):
            return ""
        mean = self.mean(Quantity(column, *metric))
        if mean is None:
            return ""
        return gettext("%(difference)s against the baseline %(mean)s") % {
            "difference": difference_text(value - mean, (value - mean) / abs(mean) if mean else None),
            "mean": figure(mean),
        }


def _metric_of(state: TableState) -> str | None:
    """Return the metric by which the table is sorted, or else its first column of a metric."""
    keys = [sort.removeprefix("-") for sort in state.sorts] + list(state.visible_columns)
    metrics = (metric_of(key) for key in keys)
    return next((".".join(metric) for metric in metrics if metric), None)


class Baselines:
    """The baselines of the projects whose rows a page shows; each is read once."""

    def __init__(self, root: StorageRoot, state: TableState, request: HttpRequest | None = None) -> None:
        """Take the baselines that a request may see, or all."""
        self.root, self.state, self.request = root, state, request
        self.is_shown = state.is_charts or any(column in state.visible_columns for column in COLUMNS)
        self._by_project: dict[str, Baseline] = {}

    def of(self, project: str | None) -> Baseline | None:
        """Return the baseline of a project; None without one, or if the table does not show it."""
        if not project or not self.is_shown:
            return None
        if project not in self._by_project:
            self._by_project[project] = Baseline(self.root, project, self.state)
        baseline = self._by_project[project]
        is_visible = self.request is None or are_visible(self.request, baseline.runs)
        return baseline if baseline and is_visible else None

    def of_runs(self, runs: Sequence[Run]) -> dict[int, BaselineComparison]:
        """Return how runs compare, by primary key."""
        result: dict[int, BaselineComparison] = {}
        for project in dict.fromkeys(run.project for run in runs):
            if base := self.of(project):
                of_project = [run for run in runs if run.project == project]
                result |= self._compare_runs(base, of_project)
        return result

    def _compare_runs(self, base: Baseline, runs: Sequence[Run]) -> dict[int, BaselineComparison]:
        keys = np.array(sorted({run.pk for run in runs}), dtype=np.int64)
        values = dict(zip(keys.tolist(), values_of(self.root, base.quantity, keys).tolist(), strict=True))
        # A run of a baseline of several is compared with all of them like any other.
        others = [run for run in runs if {run.pk} != base.keys]
        verdicts = base.judge([[(run.pk, values[run.pk])] for run in others])
        result = {run.pk: BaselineComparison(None, base.text) for run in runs}
        result |= {
            run.pk: BaselineComparison(verdict, base.text)
            for run, verdict in zip(others, verdicts, strict=True)
        }
        return result

    def of_groups(
        self, projects: Iterable[str | None], groups: Sequence[Sequence[int]]
    ) -> list[BaselineComparison | None]:
        """Return how groups compare, each with the project of all its runs, and the primary keys of its members."""
        result: list[BaselineComparison | None] = [None] * len(groups)
        by_project: dict[str, list[int]] = {}
        for place, project in enumerate(projects):
            if project is not None:
                by_project.setdefault(project, []).append(place)
        for project, places in by_project.items():
            if not (base := self.of(project)):
                continue
            keys = np.unique(np.array([key for place in places for key in groups[place]], dtype=np.int64))
            values = dict(zip(keys.tolist(), values_of(self.root, base.quantity, keys).tolist(), strict=True))
            others = [place for place in places if set(groups[place]) != base.keys]
            verdicts = base.judge([[(key, values[key]) for key in groups[place]] for place in others])
            for place in places:
                result[place] = BaselineComparison(None, base.text)
            for place, verdict in zip(others, verdicts, strict=True):
                result[place] = BaselineComparison(verdict, base.text)
        return result
