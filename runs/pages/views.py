"""The pages of many runs: the table, the recycle bin. What they write goes through the verbs in `runs.services`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from runicorn.api.responses.runs import RunResult
from runicorn.settings import preferences
from runicorn_site.web.fragments import fragment
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.pages.recycle_bin import deleted_runs, outcome
from runs.pages.table.actions import address_of_view
from runs.pages.table.rows import table_context
from runs.pages.table.state import TableState
from runs.services.recycle_bin import empty_recycle_bin, restore_runs, soft_delete_runs

MOST_UNDONE = 200
"""Runs that one address can name to be restored again: as many as the largest page has."""


@require_safe
def runs_table(request: HttpRequest) -> HttpResponse:
    """The home page: the runs of the store, filtered, sorted and paged as the address says."""
    if "view" in request.GET:
        return redirect(address_of_view(request.GET["view"]))
    state = TableState.read(request.GET, preferences.table_columns())
    context = table_context(active_root(), state, request.GET)
    if "HX-Request" not in request.headers:
        return render(request, "runs/table.html", context)
    answer = fragment(request, "runs/_table.html", context)
    # The form sends every field; the address names only what is not as usual, and what can be taken back.
    told = context["undo"] or context["refused"]
    answer["HX-Push-Url"] = request.get_full_path() if told else state.address
    return answer


@require_POST
def delete_runs(request: HttpRequest) -> HttpResponse:
    """Move the chosen runs to the recycle bin, and offer to take it back."""
    chosen = list(dict.fromkeys(request.POST.getlist("run_ids")))
    results = soft_delete_runs(root=active_root(), run_ids=chosen, reason="user_deleted")
    deleted = [run_id for run_id, result in results.items() if result["success"]]
    outcome = QueryDict(mutable=True)
    outcome.setlist("undo", deleted[:MOST_UNDONE])
    if len(deleted) < len(chosen):
        outcome["refused"] = str(len(chosen) - len(deleted))
    return back_to_table(request, outcome)


@require_POST
def restore_from_recycle_bin(request: HttpRequest) -> HttpResponse:
    """Take the chosen runs, or the one whose button was pressed, out of the recycle bin."""
    chosen = request.POST.getlist("only") or request.POST.getlist("run_ids")
    results = restore_runs(root=active_root(), run_ids=list(dict.fromkeys(chosen)))
    if request.POST.get("from") == "run" and len(chosen) == 1:
        return redirect("run", chosen[0])
    return back_to_bin("restored", results) if request.POST.get("from") == "bin" else back_to_table(request)


def back_to_table(request: HttpRequest, outcome: QueryDict | None = None) -> HttpResponseRedirect:
    """To the table as it was before a form was sent; `next` is read, never followed as it stands."""
    state = TableState.read(QueryDict(request.POST.get("next", "")))
    query = "&".join(part for part in (state.query, outcome.urlencode() if outcome else "") if part)
    return redirect(f"{reverse('runs')}?{query}" if query else reverse("runs"))


def back_to_bin(what: str, results: Mapping[str, RunResult]) -> HttpResponseRedirect:
    """To the recycle bin, which says of how many runs it was done and how many are as they were."""
    done = sum(result["success"] for result in results.values())
    counts = {what: done, "left": len(results) - done}
    query = urlencode({word: count for word, count in counts.items() if count})
    return redirect(f"{reverse('recycle-bin')}?{query}" if query else reverse("recycle-bin"))


@require_safe
def recycle_bin(request: HttpRequest) -> HttpResponse:
    """The deleted runs, the last deleted first."""
    page = deleted_runs(active_root(), request.GET.get("page", ""))
    context = {"page": page, "root": active_root(), "outcome": outcome(request.GET)}
    return render(request, "runs/recycle_bin.html", context)


@blocking
@require_POST
def empty_bin(request: HttpRequest) -> HttpResponse:
    """Remove the deleted runs from the disk for good, once the box that confirms it is ticked."""
    if request.POST.get("confirm") == "true":
        return back_to_bin("removed", empty_recycle_bin(root=active_root()))
    return redirect("recycle-bin")


# Removing thousands of folders takes as long as the disk does: it must not hold up the pages.
