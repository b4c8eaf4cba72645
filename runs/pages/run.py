"""Page of one run, without its charts; also of runs in the recycle bin."""

from __future__ import annotations

import html
import os
import time
from pathlib import Path
from typing import TypedDict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from runicorn.store import layout
from runicorn_site.web import markdown
from runicorn_site.web.access import Scope, access
from runicorn_site.web.actor import is_shared
from runicorn_site.web.files import OpenFile
from runicorn_site.web.responses import fragment
from runs.errors import RunNotFound
from runs.index import run_files
from runs.live.tail import start_of_last
from runs.models import Run
from runs.pages.environment import RunEnvironment
from runs.pages.key_values import Pairs
from runs.pages.media import listing as shown_media
from runs.pages.state_reason import reason
from runs.pages.table.rows import tags
from runs.query import completeness
from runs.services.lookup import get_run

LINES = 100
"""Log lines in the page itself, for browsers without scripts."""
MOST_BYTES = 64 * 1024
LONG_NOTE = 240
"""Characters of a description shown before it is expanded; a line break counts as many."""
LINES_OF_NOTE = 3


class HeaderContext(TypedDict):
    """Context of `runs/_header.html`. Times are Unix seconds."""

    run: Run
    start: float
    running: bool
    elapsed: float
    reason: SafeString
    note: str
    """The description as HTML."""
    note_text: str
    """The same without marks, for its beginning."""
    long_note: bool
    records: str
    problems: list[str]
    has_samples: bool


def header_context(run: Run) -> HeaderContext:
    start = run.created if run.started is None else run.started
    note = markdown.render(run.description) if run.description else ""
    return {
        "run": run,
        "start": start,
        "running": run.status == layout.RUNNING,
        "elapsed": max(0.0, time.time() - start),
        "reason": reason(run),
        "note": note,
        "note_text": html.unescape(strip_tags(note)),
        "long_note": len(run.description) > LONG_NOTE or run.description.count("\n") > LINES_OF_NOTE,
        "records": completeness.in_words(run),
        "problems": [*run.warnings, *completeness.problems(run)],
        "has_samples": (run.path / layout.SAMPLES).is_dir(),
    }


def last_lines(path: Path) -> str:
    """Return the last lines of a log as plain text; empty if it is missing."""
    try:
        file = OpenFile(path)
    except OSError:
        return ""
    start = max(start_of_last(file, LINES), os.fstat(file.fd).st_size - MOST_BYTES)
    return os.pread(file.fd, MOST_BYTES, start).decode("utf-8", "replace")


@access(Scope.READ)
@require_safe
def run_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render charts, log, config, summary, environment and media; with `?part=header` the header alone."""
    run = get_run(run_id, deleted=True)
    if run.deleted is not None and is_shared(request):
        raise RunNotFound(run_id)
    if run.deleted is not None:
        return render(request, "runs/deleted.html", {"run": run})
    if request.GET.get("part") == "header":
        return fragment(request, "runs/_header.html", header_context(run))
    media = shown_media.overview(run)
    environment = run_files.environment(run)
    panes: list[tuple[str, str, int | None]] = [
        ("charts", gettext("Charts"), None),
        ("log", gettext("Log"), None),
        ("config", gettext("Config"), None),
        ("summary", gettext("Summary"), None),
        *((kind, about["title"], about["count"]) for kind, about in media.items()),
        ("artifacts", gettext("Artifacts"), run.artifacts_created_count + run.artifacts_used_count),
    ]
    panes += [("environment", gettext("Environment"), None)] if environment else []
    config, summary, lines = Pairs(run.config), Pairs(run.summary), last_lines(run.path / layout.LOGS)
    filled = {
        "log": bool(lines) or run.status == layout.RUNNING,
        "config": bool(run.config),
        "summary": bool(run.summary),
        "environment": True,
    }
    context = {
        **header_context(run),
        "first": next((name for name, _, count in panes if count or filled.get(name)), "log"),
        "panes": [{"name": name, "label": label, "count": count} for name, label, count in panes],
        "media": media,
        "tags": tags(run.root),
        "config": config,
        "summary": summary,
        "environment": RunEnvironment(environment) if environment else None,
        "last_lines": lines,
    }
    # The charts are added by a template tag of metrics.
    return render(request, "runs/run.html", context)
