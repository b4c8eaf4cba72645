"""Page of the uncommitted changes of a run, split into coloured pieces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.responses import attachment, fragment
from runs.errors import NoSuchFile
from runs.index import run_files
from runs.pages import diff as diffs
from runs.pages.environment import RunEnvironment
from runs.services.lookup import get_run

MOST = 5000
"""Maximum number of shown lines; the download has all of them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive lines of one kind: `file`, `place`, `added`, `removed` or `same`."""

    kind: str
    text: str


def pieces(diff: str) -> list[Piece]:
    """Return the first lines of a diff, grouped by kind."""
    lines = diff.splitlines()[:MOST]
    return [
        Piece(kind, "\n".join(text for _, text in some)) for kind, some in groupby(_kinds(lines), _kind_of)
    ]


def is_longer(diff: str) -> bool:
    """Return whether a diff has more lines than are shown."""
    return len(diff.splitlines()) > MOST


def _kind_of(line: tuple[str, str]) -> str:
    return line[0]


def _kinds(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    head = True
    for line in lines:
        if line.startswith("diff "):
            head = True
        elif line.startswith("@@"):
            head = False
        yield _kind(line, head), line


def _kind(line: str, head: bool) -> str:
    # Lines between `diff` and the first `@@` name files: `--- a/x` is not a removed line there.
    if head:
        return "file"
    return {"@": "place", "+": "added", "-": "removed"}.get(line[:1], "same")


@access(Scope.READ)
@require_safe
def run_diff(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Render the diff in colour; to htmx the diff alone, with `format=text` as a file."""
    run = get_run(run_id)
    diff = RunEnvironment(run_files.environment(run) or {}).diff
    if not diff:
        raise NoSuchFile("Run {run_id} has no diff", run_id=run.run_id)
    if request.GET.get("format") == "text":
        response = HttpResponse(diff, content_type="text/plain; charset=utf-8")
        return attachment(response, f"{run.run_id}.diff")
    context = {"run": run, "pieces": diffs.pieces(diff), "longer": diffs.is_longer(diff), "most": diffs.MOST}
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_diff.html", context)
    return render(request, "runs/diff.html", context)
