"""Verdicts on the metrics of runs and groups against a baseline: for the legends of charts, and for the page of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.api.analysis import BASELINE, GroupingKeys, baseline_of
from metrics.api.requests import Names
from metrics.pages.address import list_in_address
from runicorn_site.web.access import Scope, access
from runicorn_site.web.actor import is_shared
from runicorn_site.web.conditional import at_a_moment, conditional
from runicorn_site.web.endpoint import route
from runicorn_site.web.natural_sort import natural
from runicorn_site.web.responses import fragment
from runicorn_site.web.serializers import Query
from runicorn_site.web.templatetags.ui import figure
from runicorn_tools.analysis.scale import mean
from runs.api.requests import CommaSeparated
from runs.models import Run, StorageRoot
from runs.pages.table.baseline import are_visible, baseline_ids, page_quantities
from runs.pages.table.baseline_comparison import BaselineComparison, difference_text
from runs.query import usual_metric
from runs.query.analysis import grouping
from runs.query.analysis.answers import baseline_runs
from runs.query.analysis.metric_values import Definitions, Quantity, values_of
from runs.query.analysis.verdicts import Member, judge_values
from runs.query.matches import Matches
from runs.services.lookup import get_run
from runs.store.lazy_numpy import np

MOST_NAMES = 100
MOST_IDS = 100
"""Ids of a baseline in an address."""
MOST_COMPARED = 100
"""Runs or groups of a chart that are compared, as many as are drawn."""
MOST_METRICS = 200
"""Metrics on the page of a run."""
MOST_NAMED = 3
"""Runs of a baseline that are named there."""


class Label(TypedDict, total=False):
    """What names a run or a group in a chart.

    Attributes:
        id: of a run.
        key: of a group, by the names of the keys that runs are grouped by.
    """

    id: str
    key: dict[str, Any]


class ChartVerdict(Label):
    """Verdict on a run or a group.

    Attributes:
        verdict: as in `Verdict`, or `baseline`.
        short: for a legend, such as `✓ +0.8 %`.
        text: whole sentences: the verdict, then both values with their difference.
    """

    verdict: str
    short: str
    text: str


class MetricVerdicts(TypedDict):
    name: str
    verdicts: list[ChartVerdict]


class ChartVerdicts(TypedDict):
    metrics: list[MetricVerdicts]


class VerdictsQuery(Query):
    """Metrics, and the baseline of the runs that the list in the address leaves."""

    names = Names(max_length=MOST_NAMES, help_text="Metrics, comma-separated or repeated.")
    group_by = GroupingKeys(required=False)
    column = serializers.CharField(
        required=False,
        trim_whitespace=False,
        max_length=300,
        help_text="Metric of the list, with its statistic.",
    )
    against = CommaSeparated(min_length=1, max_length=MOST_IDS, help_text="Ids of runs, or `baseline`.")


class ComparedMetric:
    """One metric of several groups beside a baseline.

    Attributes:
        comparisons: of each group.
        values: mean of each group; None without a finite value.
        baseline: the same of the baseline.
        is_best_beside_last: whether the best values are compared where a legend shows the last ones.
    """

    def __init__(
        self,
        root: StorageRoot,
        quantity: Quantity,
        definitions: Definitions,
        groups: Sequence[Sequence[int]],
        base: Sequence[Run],
    ) -> None:
        self.name, self.figure = quantity.name, quantity.figure
        self.is_best_beside_last = quantity.text == quantity.name and quantity.figure == "best"
        base_keys = {run.pk for run in base}
        run_keys = np.array(sorted({pk for group in groups for pk in group} | base_keys), dtype=np.int64)
        values = dict(zip(run_keys.tolist(), values_of(root, quantity, run_keys).tolist(), strict=True))
        self.values = [_mean(values, group) for group in groups]
        self.baseline = _mean(values, sorted(base_keys))
        others = [at for at, group in enumerate(groups) if set(group) != base_keys]
        members: list[list[Member]] = [[(pk, values[pk]) for pk in groups[at]] for at in others]
        metric = f"{quantity.name}.{quantity.figure}"
        self.comparisons = [BaselineComparison(None, metric)] * len(groups)
        verdicts = judge_values(root, quantity.text, quantity, definitions, members, base)
        for at, verdict in zip(others, verdicts, strict=True):
            self.comparisons[at] = BaselineComparison(verdict, metric)

    def difference(self, at: int) -> str:
        """Return the difference of a group, absolute and relative; empty without one."""
        verdict = self.comparisons[at].verdict
        return difference_text(verdict.difference, verdict.relative) if verdict else ""

    def entry(self, at: int, label: Label) -> ChartVerdict:
        """Return the verdict on a group for a chart."""
        comparison = self.comparisons[at]
        lines = [comparison.text]
        if difference := self.difference(at):
            values = {
                "value": figure(self.values[at]),
                "mean": figure(self.baseline),
                "difference": difference,
            }
            lines.append(gettext("%(value)s against the baseline %(mean)s: %(difference)s") % values)
        word = comparison.verdict.verdict if comparison.verdict else BASELINE
        short = comparison.short
        if short and comparison.verdict and self.is_best_beside_last:
            short = gettext("%(verdict)s at best") % {"verdict": short}
        return {**label, "verdict": word, "short": short, "text": "\n".join(lines)}


def _mean(values: Mapping[int, float], group: Sequence[int]) -> float | None:
    finite = [values[pk] for pk in group if np.isfinite(values[pk])]
    return mean(finite) if finite else None


@conditional(looks=True)
@route("GET", scope=Scope.READ, query=VerdictsQuery, returns=ChartVerdicts, errors=[400, 404])
def chart_verdicts(request: Request, query: dict[str, Any]) -> Response:
    """Return the verdicts for the legends of all charts of a page, on runs of the list in the address or their groups."""
    matches, project = list_in_address(request, query)
    labels, groups = _groups(matches, query.get("group_by", ()))
    base = baseline_of(matches.root, project, query["against"])
    names = [name for name in query.get("names", ()) if name and "\0" not in name]
    definitions = Definitions.of_runs([*base, *matches.runs.newest()[:MOST_COMPARED]])
    quantities = page_quantities(names, definitions, base)
    quantities += [definitions.quantity(query["column"])] if query.get("column") else []
    metrics: list[MetricVerdicts] = []
    for quantity in quantities if base and groups else ():
        compared = ComparedMetric(matches.root, quantity, definitions, groups, base)
        verdicts = [
            compared.entry(at, label) for at, label in enumerate(labels) if compared.values[at] is not None
        ]
        metrics.append({"name": quantity.text, "verdicts": verdicts})
    return Response(ChartVerdicts(metrics=metrics))


def _groups(matches: Matches, by: Sequence[str]) -> tuple[list[Label], list[list[int]]]:
    """Return what names each run or group in a chart, and the primary keys of its runs."""
    if not by:
        runs = list(matches.runs.newest().values_list("pk", "run_id")[:MOST_COMPARED])
        return [Label(id=run_id) for _, run_id in runs], [[pk] for pk, _ in runs]
    membership = grouping.group(matches, by)
    largest = sorted(range(len(membership)), key=lambda at: -int(membership.sizes[at]))[:MOST_COMPARED]
    labels = [Label(key=dict(zip(by, membership.values[at], strict=True))) for at in largest]
    return labels, [membership.keys[membership.places(at)].tolist() for at in largest]


def baseline_beside(run: Run, request: HttpRequest) -> list[Run]:
    """Return the baseline of a run's project; empty without one, if it is this run, or if the request may not see it."""
    run_ids = baseline_ids(run.root, run.project)
    base = baseline_runs(run.root, run_ids) if run_ids and run_ids != [run.run_id] else []
    return base if are_visible(request, base) else []


def address_of(base: Sequence[Run], request: HttpRequest) -> str:
    """Return a baseline for the addresses of charts: its ids, or its name where they are longer than an address may be."""
    if len(base) <= MOST_IDS:
        return ",".join(run.run_id for run in base)
    return "" if is_shared(request) else BASELINE  # a shared link has no other form than ids


@access(Scope.READ)
@at_a_moment
@require_safe
def beside_baseline(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render each metric of a run with its difference to the baseline, and the verdict."""
    run = get_run(run_id)
    base = baseline_beside(run, request)
    definitions = Definitions.of_runs([*base, run])
    compared = [
        ComparedMetric(run.root, quantity, definitions, [[run.pk]], base)
        for quantity in (page_quantities(_metrics(run), definitions, base) if base else ())
    ]
    rows = [
        {
            "name": metric.name,
            "figure": metric.figure,
            "value": metric.values[0],
            "difference": metric.difference(0),
            "verdict": metric.comparisons[0].verdict,
        }
        for metric in compared
        if metric.values[0] is not None and metric.baseline is not None
    ]
    context = {"rows": rows, "runs": base, "more": max(0, len(base) - MOST_NAMED)}
    return fragment(request, "metrics/_baseline.html", context)


def _metrics(run: Run) -> list[str]:
    """Return the metrics of a run: the primary or usual one, those of its section, and the others."""
    usual_metric.fill([run])
    primary = run.best_metric_name or ""
    section = primary.rpartition("/")[0]
    names = run.metric_rows.values_list("key", flat=True)
    order = sorted(
        names, key=lambda name: (name != primary, name.rpartition("/")[0] != section, natural(name))
    )
    return order[:MOST_METRICS]
