"""Page that imports an archive, and downloads of runs.

An archive is uploaded once and checked; it is kept in the private folder of the store for an hour at most, until the
user confirms the import.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import APIException

from metrics.pages.boards import page_board
from runicorn.store import curation
from runicorn_site.api import archives
from runicorn_site.api.exchange import as_csv
from runicorn_site.page_file.options import PageBoard
from runicorn_site.page_file.response import page_response
from runicorn_site.pages.forms import ArchiveForm, ExportForm, ImportForm
from runicorn_site.pages.watching import watched_context
from runicorn_site.web.access import Scope, access
from runicorn_site.web.actor import is_shared
from runicorn_site.web.messages import first_error, sentence_of
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import attachment
from runs.active_root import active_root
from runs.index.refresh import refresh_runs
from runs.models import Run
from runs.services.lookup import get_run
from runs.services.selection import select_runs
from runs.services.write_through import one_file

if TYPE_CHECKING:
    from runicorn_tools.archives.read import Outcome

_KEY = re.compile(r"[0-9a-f]{32}")
KEPT_SECONDS = 3600
SEEN, MOST = 20, 1000
"""Entries of each list that are visible at first, and entries in the page."""
MOST_RUNS = 5000
MOST_ON_PAGE = 100


@access(Scope.ADMIN)
@blocking
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """Render the form for an archive; posted, what its import would change."""
    # The CSRF check parses the body. Within the view, an archive larger than the free space becomes a response.
    return _import_page(request)


@csrf_protect
def _import_page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "import.html", {"root": active_root(), **watched_context()})
    form = ArchiveForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, first_error(form), 400)
    upload = form.cleaned_data["file"]
    try:
        outcome = archives.import_into(active_root(), upload.file, dry_run=True)
        key = _keep(Path(upload.file.name))
    except APIException as error:
        return _refused(request, sentence_of(error), error.status_code)
    context = {"root": active_root(), "name": upload.name, "key": key, **_outcome_context(outcome)}
    return render(request, "import.html", context)


@access(Scope.ADMIN)
@blocking
@require_POST
def import_archive(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST)
    archive = _archive_path(form.cleaned_data["key"] if form.is_valid() else "")
    try:
        with archive.open("rb") as file:
            overwrite = form.cleaned_data["overwrite"]
            outcome = archives.import_into(active_root(), file, overwrite=overwrite)
    except FileNotFoundError:
        return _refused(request, gettext("The uploaded archive has expired. Upload it again."), 410)
    except APIException as error:
        return _refused(request, sentence_of(error), error.status_code)
    archive.unlink(missing_ok=True)
    context = {"root": active_root(), "done": True, **_outcome_context(outcome), **watched_context()}
    return render(request, "import.html", context)


def _refused(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    context = {"root": active_root(), "refused": sentence, **watched_context()}
    return render(request, "import.html", context, status=status)


Entries = list[tuple[str, str]]
"""Paths, each with a reason or ""."""


class OutcomeContext(TypedDict):
    """Outcome of an import; `lists` has title, visible entries, collapsed entries, and the number of all."""

    outcome: Outcome
    lists: list[tuple[str, Entries, Entries, int]]
    new_count: int


def _outcome_context(outcome: Outcome) -> OutcomeContext:
    lists: tuple[tuple[str, Entries], ...] = (
        (gettext("New"), [(name, "") for name in outcome.new]),
        (gettext("Replaced"), [(name, "") for name in outcome.replaced]),
        (gettext("Unchanged"), list(outcome.left.items())),
    )
    return {
        "outcome": outcome,
        "lists": [(title, lines[:SEEN], lines[SEEN:MOST], len(lines)) for title, lines in lists if lines],
        "new_count": len(outcome.new),
    }


def _folder() -> Path:
    return curation.private_folder(Path(active_root().path))


def _keep(source: Path) -> str:
    """Keep an uploaded archive under a random key, and delete those older than `KEPT_SECONDS`."""
    from runicorn_tools.archives.staging import WAITING

    with one_file():
        for old in _folder().glob(f"{WAITING}*"):
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                    old.unlink()
        key = os.urandom(16).hex()
        os.link(source, _folder() / f"{WAITING}{key}")
    return key


def _archive_path(key: str) -> Path:
    """Return the path of the archive kept under a key; it may be missing."""
    from runicorn_tools.archives.staging import WAITING

    return _folder() / f"{WAITING}{key if _KEY.fullmatch(key) else 'none'}"


@access(Scope.READ)
@blocking
@require_safe
def export_run(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Download a run; `format` is zip, json, csv or html."""
    run = get_run(run_id)
    make = EXPORTS.get(request.GET.get("format", ""))
    if make is None:
        raise Http404
    answer = make(run)
    if is_shared(request):  # of a link to the report
        del answer["Content-Disposition"]
        answer["Content-Security-Policy"] = REPORT_POLICY
    return answer


@access(Scope.READ)
@blocking
@require_safe
def run_page_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show the run as one file that can be saved and needs no server."""
    from runicorn_site.catalog.store import StoreCatalog
    from runicorn_site.page_file.document import page_file

    run = get_run(run_id)
    catalog = StoreCatalog(Path(active_root().path))
    entry = catalog.get(run_id, metrics=False)
    if entry is None:  # removed meanwhile
        raise Http404
    colours = {run_id: run.color} if run.color else {}
    return page_response(request, page_file(catalog, [entry], colours=colours))


@access(Scope.READ)
@blocking
@require_safe
def runs_page_file(request: HttpRequest) -> HttpResponse:
    """Return the charts of the runs in `runs`, arranged by the board that the address names, as one file.

    `settings` are those of all charts, as the page itself has them in its address.
    """
    from runicorn_site.catalog.store import StoreCatalog
    from runicorn_site.page_file.document import page_file

    ids = list(dict.fromkeys(part for part in request.GET.get("runs", "").split(",") if part))[:MOST_ON_PAGE]
    runs = select_runs(active_root(), ids).runs
    catalog = StoreCatalog(Path(active_root().path))
    entries = [entry for run in runs if (entry := catalog.get(run.run_id, metrics=False)) is not None]
    if not entries:
        raise Http404
    document = json.loads(page_board(runs, request))
    colours = {run.run_id: run.color for run in runs if run.color}
    board = PageBoard(
        board=document["board"], texts=document["texts"], settings=request.GET.get("settings", "")
    )
    return page_response(request, page_file(catalog, entries, board, colours))


def _zip(runs: list[Run], name: str) -> HttpResponseBase:
    pieces = archives.packed(active_root(), runs)
    return attachment(StreamingHttpResponse(pieces, content_type="application/zip"), f"{name}.zip")


def _json(run: Run) -> HttpResponseBase:
    from runicorn_tools.archives import document

    pieces = document.pieces(run.path, include_media=True)
    return attachment(StreamingHttpResponse(pieces, content_type="application/json"), f"{run.run_id}.json")


def _html(run: Run) -> HttpResponseBase:
    from runicorn_tools.export import report

    answer = HttpResponse(report.html(run.path), content_type="text/html; charset=utf-8")
    return attachment(answer, f"{run.run_id}_report.html")


REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
EXPORTS: dict[str, Callable[[Run], HttpResponseBase]] = {
    "zip": lambda run: _zip([run], run.run_id),
    "json": _json,
    "csv": lambda run: as_csv(archives.metrics_as_csv(run), run.run_id),
    "html": _html,
}


@access(Scope.READ, recorded=False)
@blocking
@require_POST
def export_runs(request: HttpRequest) -> HttpResponseBase:
    """Download the selected runs as one zip file."""
    form = ExportForm(request.POST)
    ids = form.cleaned_data["run_ids"] if form.is_valid() else []
    refreshed = refresh_runs(active_root(), ids[:MOST_RUNS])
    runs = [run for run in refreshed.values() if run is not None and run.deleted is None]
    if not runs:
        return redirect("runs")
    return _zip(runs, f"runicorn_export_{time.strftime('%Y%m%d_%H%M%S')}")


page_patterns = [
    path("import", import_page, name="import"),
    path("import/take", import_archive, name="import-archive"),
    path("runs/<str:run_id>/export", export_run, name="export-run"),
    path("runs/<str:run_id>/page.html", run_page_file, name="run-page-file"),
    path("page.html", runs_page_file, name="runs-page-file"),
    path("export-runs", export_runs, name="export-runs"),
]
