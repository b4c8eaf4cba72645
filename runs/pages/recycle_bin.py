"""Page of the recycle bin."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from runicorn.api.responses.runs import RunResult
from runicorn_site.web.access import Scope, Subject, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.paginator import Page, Paginator
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.table.views import back_to_table
from runs.query import counts
from runs.query.matches import Matches
from runs.services.recycle_bin import empty_recycle_bin, restore_runs

SIZE = 100


@access(Scope.READ)
@require_safe
def recycle_bin(request: HttpRequest) -> HttpResponse:
    """Show the deleted runs, the last deletion first."""
    page = deleted_runs(active_root(), request.GET.get("page", ""))
    context = {"page": page, "root": active_root(), "outcome": outcome(request.GET)}
    return render(request, "runs/recycle_bin.html", context)


@access(Scope.CURATE, Subject.RUNS)
@require_POST
def restore_from_recycle_bin(request: HttpRequest) -> HttpResponse:
    """Restore the selected runs, or the one whose button was pressed."""
    run_ids = request.POST.getlist("only") or request.POST.getlist("run_ids")
    results = restore_runs(root=active_root(), run_ids=list(dict.fromkeys(run_ids)))
    if request.POST.get("from") == "run" and len(run_ids) == 1:
        return redirect("run", run_ids[0])
    return back_to_bin("restored", results) if request.POST.get("from") == "bin" else back_to_table(request)


@access(Scope.ADMIN)
@blocking
@require_POST
def empty_bin(request: HttpRequest) -> HttpResponse:
    """Remove the deleted runs from the disk, if the box that confirms it is ticked."""
    if request.POST.get("confirm") == "true":
        return back_to_bin("removed", empty_recycle_bin(root=active_root()))
    return redirect("recycle-bin")


def back_to_bin(key: str, results: Mapping[str, RunResult]) -> HttpResponseRedirect:
    """Redirect to the recycle bin, with the number of changed runs under `key` and that of failures."""
    successes = sum(result["success"] for result in results.values())
    numbers = {key: successes, "left": len(results) - successes}
    query = urlencode({word: count for word, count in numbers.items() if count})
    return redirect(f"{reverse('recycle-bin')}?{query}" if query else reverse("recycle-bin"))


def outcome(query: Mapping[str, str]) -> dict[str, int]:
    """Return the numbers of restored, removed and failed runs in the address."""
    values = {word: query.get(word, "") for word in ("restored", "removed", "left")}
    return {word: int(n) for word, n in values.items() if n.isascii() and n.isdigit() and len(n) < 10}


def deleted_runs(root: StorageRoot, number: str) -> Page:
    """Return a page of the deleted runs, the last deleted first."""
    deleted = Run.objects.in_root(root).exclude(deleted=None)
    return Paginator(
        deleted.order_by("-deleted", "-id"),
        SIZE,
        count=counts.total(Matches(root, deleted)),
        address=lambda other: site_address(f"/recycle-bin?page={other}"),
    ).get_page(number)
