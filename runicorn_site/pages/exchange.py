"""The page on which an archive is imported, and the addresses from which pages let runs be saved as files.

An archive is sent once. The page then says what it would do to the store; the archive waits in the store's own folder
until somebody decides, an hour at most.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import APIException

from runicorn.archives import document
from runicorn.archives.read import Outcome
from runicorn.archives.staging import WAITING
from runicorn.export import report
from runicorn.store import curation
from runicorn_site.api import archives
from runicorn_site.api.exchange import as_csv
from runicorn_site.web.attachments import attachment
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.index.discovery import refresh_runs
from runs.models import Run
from runs.services.lookup import get_run
from runs.services.write_through import one_file

_KEY = re.compile(r"[0-9a-f]{32}")
KEPT_SECONDS = 3600
SEEN, MOST = 20, 1000
"""Lines of each list that are seen at once, and that are there at all."""
MOST_RUNS = 5000


@blocking
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """A form for an archive; posted, what it would do to the store."""
    # Checked within the view: an archive for which there is no room is to be an answer, not an error on the way to it.
    return _import_page(request)


@csrf_protect
def _import_page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "import.html", {"root": active_root()})
    sent = request.FILES.get("file")
    if sent is None:
        return _refused(request, "Choose an archive first.", 400)
    try:
        content: Any = sent.file
        told = archives.import_into(active_root(), content, dry_run=True)
        key = _keep(Path(content.name))
    except APIException as error:
        return _refused(request, str(error.detail), error.status_code)
    context = {"root": active_root(), "name": sent.name, "key": key} | _told(told)
    return render(request, "import.html", context)


@blocking
@require_POST
def import_archive(request: HttpRequest) -> HttpResponse:
    """Take the archive in whose plan the page has shown."""
    archive = _kept(request.POST.get("key", ""))
    try:
        with archive.open("rb") as file:
            overwrite = "overwrite" in request.POST
            outcome = archives.import_into(active_root(), file, overwrite=overwrite)
    except FileNotFoundError:
        return _refused(request, "The archive is not here any more. Send it again.", 410)
    except APIException as error:
        return _refused(request, str(error.detail), error.status_code)
    archive.unlink(missing_ok=True)
    return render(request, "import.html", {"root": active_root(), "done": True} | _told(outcome))


def _refused(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    context = {"root": active_root(), "refused": sentence}
    return render(request, "import.html", context, status=status)


def _told(outcome: Outcome) -> dict[str, Any]:
    """The lists of the page: title, the first lines, the others up to a number, and how many there are."""
    lists = (
        ("New", [(name, "") for name in (*outcome.runs, *outcome.versions)]),
        ("Replaced", [(name, "") for name in outcome.replaced]),
        ("Left as it is", list(outcome.left.items())),
    )
    return {
        "outcome": outcome,
        "lists": [(title, lines[:SEEN], lines[SEEN:MOST], len(lines)) for title, lines in lists if lines],
        "new_count": len(outcome.runs) + len(outcome.versions),
    }


def _folder() -> Path:
    return curation.private_folder(Path(active_root().path))


def _keep(sent: Path) -> str:
    """Give an archive that was sent a name under which it waits, and let go of those that wait for long."""
    with one_file():
        for old in _folder().glob(f"{WAITING}*"):
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                    old.unlink()
        key = os.urandom(16).hex()
        os.link(sent, _folder() / f"{WAITING}{key}")
    return key


def _kept(key: str) -> Path:
    """The archive that waits under a key; it need not be there."""
    return _folder() / f"{WAITING}{key if _KEY.fullmatch(key) else 'none'}"


@blocking
@require_safe
def export_run(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """A run to be saved: `format=` zip, json, csv, or html."""
    run = get_run(run_id)
    make = EXPORTS.get(request.GET.get("format", ""))
    if make is None:
        raise Http404
    return make(run)


def _zip(runs: list[Run], name: str) -> HttpResponseBase:
    pieces = archives.packed(active_root(), runs)
    return attachment(StreamingHttpResponse(pieces, content_type="application/zip"), f"{name}.zip")


def _json(run: Run) -> HttpResponseBase:
    pieces = document.pieces(run.path, include_media=True)
    return attachment(StreamingHttpResponse(pieces, content_type="application/json"), f"{run.run_id}.json")


def _html(run: Run) -> HttpResponseBase:
    answer = HttpResponse(report.html(run.path), content_type="text/html; charset=utf-8")
    return attachment(answer, f"{run.run_id}_report.html")


EXPORTS: dict[str, Callable[[Run], HttpResponseBase]] = {
    "zip": lambda run: _zip([run], run.run_id),
    "json": _json,
    "csv": lambda run: as_csv(archives.metrics_as_csv(run), run.run_id),
    "html": _html,
}


@blocking
@require_POST
def export_runs(request: HttpRequest) -> HttpResponseBase:
    """The chosen runs as one zip file; ids come one a line or one a field."""
    ids = [run_id for text in request.POST.getlist("run_ids") for run_id in text.splitlines() if run_id]
    known = refresh_runs(active_root(), list(dict.fromkeys(ids))[:MOST_RUNS])
    runs = [run for run in known.values() if run is not None and run.deleted is None]
    if not runs:
        return redirect("runs")
    return _zip(runs, f"runicorn_export_{time.strftime('%Y%m%d_%H%M%S')}")


# They read or write as much as an archive has.

page_patterns = [
    path("import", import_page, name="import"),
    path("import/take", import_archive, name="import-archive"),
    path("runs/<str:run_id>/export", export_run, name="export-run"),
    path("export-runs", export_runs, name="export-runs"),
]
