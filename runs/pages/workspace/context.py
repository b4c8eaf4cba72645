"""Context of the charts layout of the runs page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from django.utils.translation import gettext

from runs.models import Run, StorageRoot
from runs.pages.table.state import CHARTS, MOST_RUNS, TableState
from runs.pages.workspace.candidates import candidates
from runs.pages.workspace.rows import ListRow, list_rows, value_label
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
    chart_runs: list[Run]
    missing: list[str]
    too_many: int
    tabs: list[Tab]


def workspace_context(root: StorageRoot, state: TableState, listed: Sequence[Run]) -> WorkspaceContext:
    """Return what the list and the panels need.

    Args:
        state: of the address.
        listed: the runs on the page.
    """
    chosen = chart_runs(root, state, listed)
    known = {run.pk for run in listed}
    elsewhere = [run for run in chosen if run.pk not in known]
    return {
        "list_rows": list_rows(listed, state),
        "elsewhere": list_rows(elsewhere, state),
        "value_label": value_label(listed, state),
        "chart_runs": chosen,
        "missing": select_runs(root, state.runs[:MOST_RUNS]).missing if state.runs else [],
        "too_many": MOST_RUNS if len(state.runs) > MOST_RUNS else 0,
        "tabs": tabs(state),
    }


def chart_runs(root: StorageRoot, state: TableState, listed: Sequence[Run]) -> list[Run]:
    """Return the runs that have charts: of the page, and those that the address shows beside them."""
    known = {run.run_id: run for run in listed}
    wanted = candidates(state, list(known))
    if further := [run_id for run_id in wanted if run_id not in known]:
        known |= {run.run_id: run for run in select_runs(root, further).runs}
    chosen = [known[run_id] for run_id in wanted if run_id in known]
    for run in chosen:
        run.root = root  # else its path asks for it
    return chosen


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
