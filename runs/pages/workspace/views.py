"""Charts layout of the runs page: its context, and the views of one panel and of the grid in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.actor import is_shared
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import fragment
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.media.grid import media_grid
from runs.pages.table.baseline import Baselines
from runs.pages.table.names import differences
from runs.pages.table.rows import ids_in_order, listed_runs, matching
from runs.pages.table.state import CHARTS, MOST_RUNS, TableState
from runs.pages.workspace.rows import ListRow, list_rows, value_label, value_metric
from runs.query.where.parser import BadWhere
from runs.services.selection import select_runs


class Tab(TypedDict):
    """A panel that can be opened."""

    name: str
    label: str
    is_open: bool
    address: str


class WorkspaceContext(TypedDict):
    list_rows: list[ListRow]
    elsewhere: list[ListRow]
    value_label: str
    value_metric: str
    chart_runs: list[Run]
    missing: list[str]
    too_many: int
    tabs: list[Tab]


def workspace_context(
    root: StorageRoot, state: TableState, page_runs: Sequence[Run], request: HttpRequest
) -> WorkspaceContext:
    """Return the context of the list and the panels.

    Args:
        state: of the address.
        page_runs: the runs on the page.
        request: for the page; a shared link shows a baseline only if it shows its runs.
    """
    charted = chart_runs(root, state, page_runs)
    listed_keys = {run.pk for run in page_runs}
    elsewhere = [run for run in charted if run.pk not in listed_keys]
    baselines = Baselines(root, state, request)
    extras = differences([*page_runs, *elsewhere])
    return {
        "list_rows": list_rows(page_runs, state, baselines, extras),
        "elsewhere": list_rows(elsewhere, state, baselines, extras),
        "value_label": value_label(page_runs, state),
        "value_metric": value_metric(page_runs, state),
        "chart_runs": charted,
        "missing": select_runs(root, state.runs[:MOST_RUNS]).missing if state.runs else [],
        "too_many": MOST_RUNS if len(state.runs) > MOST_RUNS else 0,
        "tabs": tabs(state),
    }


def chart_runs(root: StorageRoot, state: TableState, page_runs: Sequence[Run]) -> list[Run]:
    """Return the runs that have charts: of the page, and those that the address shows beside them."""
    runs_by_id = {run.run_id: run for run in page_runs}
    requested_ids = candidates(state, matching_ids(root, state) or list(runs_by_id))
    if further := [run_id for run_id in requested_ids if run_id not in runs_by_id]:
        runs_by_id |= {run.run_id: run for run in select_runs(root, further).runs}
    charted = [runs_by_id[run_id] for run_id in requested_ids if run_id in runs_by_id]
    rows = Run.objects.filter(pk__in=[run.pk for run in charted]).values_list("pk", "config", "summary")
    contents = {pk: content for pk, *content in rows}
    for run in charted:
        run.root = root  # else its path asks for it
        # Lists are read without them.
        run.config, run.summary = contents.get(run.pk, ({}, {}))
    return charted


def matching_ids(root: StorageRoot, state: TableState) -> list[str]:
    """Return the ids of all runs of the list if the address asks for them and they are few enough for lines."""
    if (OF, MATCHES) not in state.charts:
        return []
    try:
        ids = ids_in_order(matching(root, state), state, MOST_VISIBLE + 1)
    except BadWhere:
        return []
    return ids if len(ids) <= MOST_VISIBLE else []


def tabs(state: TableState) -> list[Tab]:
    """Return the panels beside the list, and which of them is open."""
    labels = {
        CHARTS: gettext("Charts"),
        "config": gettext("Config"),
        "metrics": gettext("Metrics"),
        "hyperparameters": gettext("Hyperparameters"),
        "media": gettext("Media"),
    }
    open_tab = state.tab if state.tab in labels else CHARTS
    return [
        {
            "name": name,
            "label": label,
            "is_open": name == open_tab,
            "address": state.with_tab("" if name == CHARTS else name).address,
        }
        for name, label in labels.items()
    ]


FIRST = 10
"""Runs at the beginning of the list that are visible unless the address says otherwise."""
MOST_VISIBLE = 100
ALL = "all"
OF, MATCHES = "of", "matches"
"""Parameter for the curves of all runs of the list."""


def candidates(state: TableState, page_ids: Sequence[str]) -> list[str]:
    """Return the ids of the runs that have charts, whether their curves are hidden or not.

    `static/js/workspace/visibility.js` follows the same rules.

    Args:
        state: with `show` and `hide` among the parameters of its charts: ids, or `all` for the runs of the page.
        page_ids: ids of the runs on the page.
    """
    show, hide = ([value for name, value in state.charts if name == action] for action in ("show", "hide"))
    if ALL in hide:
        usual: Sequence[str] = ()
    elif ALL in show or state.runs or (OF, MATCHES) in state.charts:
        usual = page_ids
    else:
        usual = page_ids[:FIRST]
    requested = [value for value in show if value != ALL]
    return list(dict.fromkeys([*usual, *requested]))[:MOST_VISIBLE]


STEPS = re.compile(r"(-?[0-9]{1,18}):(-?[0-9]{1,18})")


@access(Scope.READ)
@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """Return the panel that `tab` names, for the runs that have charts at this address."""
    root, state = active_root(), TableState.read(request.GET)
    runs = chart_runs(root, state, listed_runs(root, state))
    return fragment(request, "runs/workspace/_panel.html", {"chart_runs": runs, "state": state})


@access(Scope.READ)
@blocking
@require_safe
def media_of_runs(request: HttpRequest) -> HttpResponse:
    """Return the grid of media of up to 100 runs, see `grid.media_grid`; unknown runs and invalid steps are ignored."""
    runs = select_runs(active_root(), request.GET.get("ids", "").split(",")[:MOST_RUNS]).runs
    limits = STEPS.fullmatch(request.GET.get("steps", ""))
    first, last = (int(limits[1]), int(limits[2])) if limits else (None, None)
    grid = media_grid(runs, request.GET.get("media", "")[:255], first, last)
    return fragment(request, "runs/workspace/_media_grid.html", {**grid, "shared": is_shared(request)})
