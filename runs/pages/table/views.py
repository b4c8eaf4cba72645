"""Views of the runs table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from runicorn_site.web import preferences
from runicorn_site.web.access import Scope, Subject, access
from runicorn_site.web.actor import user_name
from runicorn_site.web.conditional import at_a_moment
from runicorn_site.web.readable import current
from runicorn_site.web.responses import fragment
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.table import polls
from runs.pages.table.actions import address_of_view
from runs.pages.table.baseline import baseline_ids
from runs.pages.table.columns import DEFAULT_COLUMNS, is_added, is_column, readable_columns
from runs.pages.table.filters import chips
from runs.pages.table.groups.menu import group_menu
from runs.pages.table.groups.rows import GroupedTable, grouped_context
from runs.pages.table.rows import run_page, table_context, wide_context
from runs.pages.table.state import TableState, with_added
from runs.pages.workspace.views import workspace_context
from runs.query.keys import differing_keys_of
from runs.query.projects import latest_projects
from runs.services.recycle_bin import soft_delete_runs


def usual_columns(root: StorageRoot, project: str) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return the columns that were chosen for a project, or else for all, and those of a user who has chosen none.

    The second are the usual ones, the verdict against a baseline, and the config keys that differ between the runs of
    the project, or else of those that changed last. Metrics and config keys that were chosen for all projects are not
    those of one project.
    """
    everywhere = readable_columns(root, filter(is_column, preferences.table_columns()))
    latest = [project] if project else latest_projects(root, MOST_PROJECTS)
    differing = [f"config.{key}" for key in differing_keys_of(root, latest)]
    if any(baseline_ids(root, name) for name in latest):
        differing = ["verdict", *differing]
    if not project:
        return everywhere, with_added(DEFAULT_COLUMNS, differing)
    preferred: Sequence[str] = preferences.table_columns(project) if project in current() else ()
    if not preferred and everywhere:
        preferred = with_added([key for key in everywhere if not is_added(key)], differing)
    return preferred, with_added(DEFAULT_COLUMNS, differing)


def _are_of_demo(runs: Sequence[Run]) -> bool:
    """Return whether all runs on the page are those of `runicorn demo`."""
    return bool(runs) and all(run.project == "digits" and "demo" in run.tags for run in runs)


MOST_PROJECTS = 5
"""Projects whose config keys and baselines make columns of a table of all projects: those that changed last."""
MOST_UNDONE = 200
"""Ids in the address that offers to restore deleted runs: as many as the largest page has."""


@access(Scope.READ)
@at_a_moment
@require_safe
def runs_table(request: HttpRequest) -> HttpResponse:
    """Show the runs of the storage root: the home page."""
    if list(request.GET) == ["view"]:
        return redirect(address_of_view(request.GET["view"], user_name(request)))
    if "HX-Request" in request.headers and (answer := polls.not_modified(request)):
        return answer
    root = active_root()
    state = TableState.read(request.GET, *usual_columns(root, request.GET.get("project", "")))
    state = replace(state, has_one_project=len(latest_projects(root, 2)) == 1)
    table = GroupedTable(root, state) if state.is_grouped else None
    page, problem = run_page(root, state) if table is None else (table.page(), table.problem)
    common = table_context(root, state, page, problem, request.GET, user_name(request))
    layout: Mapping[str, Any]
    if table is not None:
        layout = grouped_context(table, page)
    else:
        runs = list(page)
        layout = (
            workspace_context(root, state, runs, request)
            if state.is_charts
            else wide_context(root, runs, state)
        )
        layout = {
            **layout,
            "runs": runs,
            "run_total": page.paginator.count,
            "has_tour": not state.runs and _are_of_demo(runs),
        }
    context = {
        **common,
        **layout,
        "filter_chips": chips(root, state),
        "grouping": None if state.is_charts else group_menu(root, state),
    }
    if "HX-Request" not in request.headers:
        return render(request, "runs/table.html", context)
    if common["problem"] and (state.where or state.having):
        # The rows that are shown stay: they are those of the last valid filter.
        answer = fragment(request, "runs/_where_problem.html", context)
        for name, value in (("Retarget", "#where-problem"), ("Reswap", "outerHTML"), ("Push-Url", "false")):
            answer[f"HX-{name}"] = value
        return answer
    answer = fragment(request, "runs/_table.html", context)
    # The form sends every field; the address names only what differs from the defaults, and what can be undone.
    has_outcome = common["undo"] or common["refused"]
    answer["HX-Push-Url"] = request.get_full_path() if has_outcome else state.address
    polls.remember(request, answer)
    return answer


@access(Scope.CURATE, Subject.RUNS)
@require_POST
def delete_runs(request: HttpRequest) -> HttpResponse:
    """Move the selected runs to the recycle bin, and offer to restore them."""
    run_ids = list(dict.fromkeys(request.POST.getlist("run_ids")))
    results = soft_delete_runs(root=active_root(), run_ids=run_ids, reason="user_deleted")
    deleted = [run_id for run_id, result in results.items() if result["success"]]
    outcome = QueryDict(mutable=True)
    outcome.setlist("undo", deleted[:MOST_UNDONE])
    if len(deleted) < len(run_ids):
        outcome["refused"] = str(len(run_ids) - len(deleted))
    return back_to_table(request, outcome)


def back_to_table(request: HttpRequest, outcome: QueryDict | None = None) -> HttpResponseRedirect:
    """Redirect to the table as it was before a form was sent; `next` is parsed, never followed as it is."""
    state = TableState.read(QueryDict(request.POST.get("next", "")))
    query = "&".join(part for part in (state.query, outcome.urlencode() if outcome else "") if part)
    return redirect(f"{reverse('runs')}?{query}" if query else reverse("runs"))
