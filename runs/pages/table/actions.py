"""What the page of the runs table asks beside the table: many runs at once, its columns, its saved views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import ValidationError

from runicorn.api.responses.runs import RunResult
from runicorn.settings import preferences
from runicorn.store import layout
from runs.active_root import active_root
from runs.api.requests import MOST_RUNS
from runs.errors import NotWritten
from runs.models import RunTag, StorageRoot
from runs.pages.table.columns import is_column
from runs.pages.table.rows import matching, order_by
from runs.pages.table.state import TableState
from runs.query import counts
from runs.query.ordering import Ordered
from runs.query.where.parser import BadWhere
from runs.services.curation import flag_runs, tag_runs
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from runs.services.write_through import count_successes

MOST_CHOSEN = 5000
"""Runs that can be chosen at once, in batches of `MOST_RUNS`."""
LONGEST_NAME = 100

Verb = Callable[[StorageRoot, Sequence[str], str], dict[str, RunResult]]

VERBS: dict[str, Verb] = {
    "delete": lambda root, ids, tag: soft_delete_runs(root=root, run_ids=ids, reason="user_deleted"),
    "restore": lambda root, ids, tag: restore_runs(root=root, run_ids=ids),
    "tag": lambda root, ids, tag: tag_runs(root=root, run_ids=ids, add=[tag]),
    "untag": lambda root, ids, tag: tag_runs(root=root, run_ids=ids, remove=[tag]),
    "pin": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, pinned=True),
    "unpin": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, pinned=False),
    "archive": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, archived=True),
    "unarchive": lambda root, ids, tag: flag_runs(root=root, run_ids=ids, archived=False),
}
"""What can be done with many runs; the tag matters to two of them."""


@require_POST
def change_runs(request: HttpRequest) -> JsonResponse:
    """Do one thing with up to 100 runs: `{"changed": [ids], "refused": n}`; what was so already is not in it."""
    verb, tag = request.POST.get("verb", ""), request.POST.get("tag", "").strip()
    run_ids = list(dict.fromkeys(request.POST.getlist("run_ids")))
    if verb not in VERBS or not 1 <= len(run_ids) <= MOST_RUNS:
        raise ValidationError(f"One of {', '.join(VERBS)} for 1 to {MOST_RUNS} runs can be asked for.")
    if verb in ("tag", "untag") and not (0 < len(tag) <= 255 and not layout.CONTROL.search(tag)):
        raise ValidationError("A tag has 1 to 255 characters and no control characters.")
    root = active_root()
    before = tagged(root, run_ids, tag) if verb == "tag" else set()
    results = VERBS[verb](root, run_ids, tag)
    changed = [run_id for run_id, result in results.items() if result["success"] and run_id not in before]
    refused = len(results) - count_successes(results)
    return JsonResponse({"changed": changed, "refused": refused})


def tagged(root: StorageRoot, run_ids: Sequence[str], tag: str) -> set[str]:
    """Which of the runs have a tag already: taking it back must not take it from them."""
    found = RunTag.objects.filter(root=root, tag=tag, run__run_id__in=run_ids)
    return set(found.values_list("run__run_id", flat=True))


@require_safe
def matching_ids(request: HttpRequest) -> JsonResponse:
    """The ids of all runs that a table's address matches, in its order: `{"ids": […], "total": n}`, at most 5,000."""
    root, state = active_root(), TableState.read(request.GET)
    try:
        found = matching(root, state)
    except BadWhere as error:
        raise ValidationError(str(error)) from error
    ordered = Ordered(found, order_by(state), desc=state.descending)
    ids = [run_id for (run_id,) in ordered.values_list("run_id")[:MOST_CHOSEN]]
    return JsonResponse({"ids": ids, "total": counts.total(found)})


@require_POST
def remember_columns(request: HttpRequest) -> HttpResponse:
    """Keep the columns of the table for the next time; none means the usual ones."""
    keys = [key for key in request.POST.getlist("col") if is_column(key)]
    keep(lambda: preferences.set_table_columns(keys))
    return HttpResponse(status=204)


@require_POST
def change_view(request: HttpRequest) -> HttpResponse:
    """Save the present state under a name, give a saved view another name, or forget it."""
    state = TableState.read(QueryDict(request.POST.get("next", "")), preferences.table_columns())
    old, name = request.POST.get("old", ""), request.POST.get("name", "").strip()
    if "delete" in request.POST:
        keep(lambda: preferences.delete_view(old))
    elif not 0 < len(name) <= LONGEST_NAME or layout.CONTROL.search(name):
        raise ValidationError(
            f"The name of a view has 1 to {LONGEST_NAME} characters and no control characters."
        )
    elif old:
        keep(lambda: preferences.rename_view(old, name))
    else:
        keep(lambda: preferences.save_view(name, state.whole_query))
    return redirect(state.address)


def keep(change: Callable[[], Any]) -> None:
    """Change the preferences.

    Raises:
        ValidationError: there are too many of that kind.
        NotWritten: the configuration directory cannot be written.
    """
    try:
        change()
    except preferences.TooMany as error:
        raise ValidationError(str(error)) from error
    except OSError as error:
        raise NotWritten(error.strerror or "unknown reason") from error


def address_of_view(name: str) -> str:
    """Where a saved view is; the table as it usually is when there is none of that name."""
    found = [view.query for view in preferences.saved_views() if view.name == name]
    return f"{reverse('runs')}?{found[0]}" if found else reverse("runs")
