"""Requests of the runs table page: bulk actions, columns, saved views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runicorn.api.responses.runs import RunResult
from runicorn.message import Message
from runicorn.store import layout
from runicorn.store.curation import COLOR
from runicorn_site.web import preferences
from runicorn_site.web.access import Scope, Subject, access
from runicorn_site.web.actor import may_curate, user_name
from runicorn_site.web.conditional import at_a_moment
from runicorn_site.web.messages import translated
from runs.active_root import active_root
from runs.api.experiments import completion
from runs.api.requests import MOST_RUNS
from runs.api.requests_v2 import CompletionQuery
from runs.errors import NotWritten
from runs.models import RunTag, StorageRoot
from runs.pages.table.columns import is_column, readable_columns
from runs.pages.table.groups.rows import GroupedTable, group_members
from runs.pages.table.rows import ids_in_order, matching, readable_views, view_address
from runs.pages.table.state import LONGEST_VIEW_NAME, MOST_CHOSEN, TableState
from runs.query import counts
from runs.query.where.parser import BadWhere
from runs.services.curation import flag_runs, tag_runs
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes

MOST_GROUPS = 200
"""Groups whose members are returned at once."""
LONGEST_QUERY = 8_000
"""Characters of the address of a view."""
BulkAction = Callable[[StorageRoot, Sequence[str], str], dict[str, RunResult]]

BULK_ACTIONS: dict[str, BulkAction] = {
    "delete": lambda root, ids, tag: soft_delete_runs(root=root, run_ids=ids, reason="user_deleted"),
    "restore": lambda root, ids, tag: restore_runs(root=root, run_ids=ids),
    "tag": lambda root, ids, tag: tag_runs(root=root, run_ids=ids, add=[tag]),
    "untag": lambda root, ids, tag: tag_runs(root=root, run_ids=ids, remove=[tag]),
    "pin": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, pinned=True),
    "unpin": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, pinned=False),
    "color": lambda root, ids, color: flag_runs(root=root, run_ids=ids, color=color),
    "archive": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, archived=True),
    "unarchive": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, archived=False),
}
"""Bulk actions by name; three of them use the tag, or the color in its place. Runs are moved by `/api/runs/move`."""


@access(Scope.CURATE, Subject.RUNS)
@require_POST
def change_runs(request: HttpRequest) -> JsonResponse:
    """Apply an action to up to 100 runs: `{"changed": [ids], "refused": n}`; unchanged runs are in neither."""
    action, tag = request.POST.get("action", ""), request.POST.get("tag", "").strip()
    run_ids = list(dict.fromkeys(request.POST.getlist("run_ids")))
    if action not in BULK_ACTIONS or not 1 <= len(run_ids) <= MOST_RUNS:
        raise ValidationError(f"Expected one of {', '.join(BULK_ACTIONS)} and 1 to {MOST_RUNS} run ids.")
    if action in ("tag", "untag") and not (0 < len(tag) <= 255 and not layout.CONTROL.search(tag)):
        raise ValidationError(gettext("A tag must have 1 to 255 characters and no control characters."))
    if action == "color" and not COLOR.fullmatch(tag):
        raise ValidationError(gettext("A colour must be #rrggbb."))
    root = active_root()
    before = tagged(root, run_ids, tag) if action == "tag" else set()
    results = BULK_ACTIONS[action](root, run_ids, tag)
    changed = [run_id for run_id, result in results.items() if result["success"] and run_id not in before]
    refused = len(results) - count_successes(results)
    return JsonResponse({"changed": changed, "refused": refused})


def tagged(root: StorageRoot, run_ids: Sequence[str], tag: str) -> set[str]:
    """Return the runs that have the tag already: undoing must not remove it from them."""
    rows = RunTag.objects.filter(root=root, tag=tag, run__run_id__in=run_ids)
    return set(rows.values_list("run__run_id", flat=True))


@access(Scope.READ)
@require_safe
def complete_where(request: HttpRequest) -> JsonResponse:
    """Respond as `/api/v2/where`, with the error in the language of the page."""
    query = CompletionQuery(data=request.GET)
    query.is_valid(raise_exception=True)
    answer = completion(active_root(), **query.validated_data, sentence=lambda e: translated(e.sentence))
    return JsonResponse(answer)


@access(Scope.READ)
@at_a_moment
@require_safe
def matching_ids(request: HttpRequest) -> JsonResponse:
    """Return the ids of all runs that the table's URL matches, in its order: `{"ids": […], "total": n}`, at most 5,000.

    With groups in `in`, as addresses name open ones, return the ids of their members instead: `{"groups": {group: […]}}`.
    """
    root, state = active_root(), TableState.read(request.GET)
    if groups := request.GET.getlist("in"):
        if len(groups) > MOST_GROUPS:
            raise ValidationError({"in": [f"At most {MOST_GROUPS} groups are allowed"]})
        return JsonResponse({"groups": group_members(root, state, groups, MOST_CHOSEN)})
    if state.is_grouped and state.having:
        table = GroupedTable(root, state)
        if table.problem:
            raise ValidationError(table.problem)
        ids, total = table.visible_ids(MOST_CHOSEN)
        return JsonResponse({"ids": ids, "total": total})
    try:
        matches = matching(root, state)
    except BadWhere as error:
        raise ValidationError(translated(error.sentence)) from error
    ids = ids_in_order(matches, state, MOST_CHOSEN)
    return JsonResponse({"ids": ids, "total": counts.total(matches)})


@access(Scope.CURATE, Subject.PREFERENCES, recorded=False)
@require_POST
def remember_columns(request: HttpRequest) -> HttpResponse:
    """Save the columns of the table of a project, or of all projects; an empty list restores the defaults."""
    keys = [key for key in request.POST.getlist("col") if is_column(key)]
    keep(lambda: preferences.set_table_columns(keys, request.POST.get("project", "")[:255]))
    return HttpResponse(status=204)


@access(Scope.READ)
@require_POST
def change_view(request: HttpRequest) -> HttpResponse:
    """Save the current state as a view, or rename or delete a saved view."""
    preferred = readable_columns(active_root(), preferences.table_columns())
    state = TableState.read(QueryDict(request.POST.get("next", "")), preferred)
    old, name = request.POST.get("old", ""), request.POST.get("name", "").strip()
    user = user_name(request)
    is_personal = bool(user) and "personal" in request.POST
    if not (is_personal or may_curate(request)):
        raise PermissionDenied
    key = old, user if is_personal else ""
    if "delete" in request.POST:
        keep(lambda: preferences.delete_view(key))
        name = ""
    elif not 0 < len(name) <= LONGEST_VIEW_NAME or layout.CONTROL.search(name):
        raise ValidationError(
            gettext("The name of a view must have 1 to {most} characters and no control characters.").format(
                most=LONGEST_VIEW_NAME
            )
        )
    elif old:
        keep(lambda: preferences.rename_view(key, name))
    elif len(state.whole_query) > LONGEST_QUERY:
        raise ValidationError(gettext("This address is too long for a view."))
    else:
        keep(lambda: preferences.save_view(preferences.View(name, state.whole_query, user, is_personal)))
    is_open = state.view == old if old else True
    return redirect(replace(state, view=name).address if is_open else state.address)


def keep(change: Callable[[], Any]) -> None:
    """Change the preferences.

    Raises:
        ValidationError: there are too many of that kind.
    """
    try:
        change()
    except preferences.TooMany as error:
        raise ValidationError(translated(str(error))) from error
    except OSError as error:
        raise NotWritten(error.strerror or Message("unknown reason")) from error


def address_of_view(name: str, user: str) -> str:
    """Return the URL of a saved view, or of the default table if no view has that name."""
    queries = [view.query for view in readable_views(active_root(), user) if view.name == name]
    return view_address(name, queries[0]) if queries else reverse("runs")
