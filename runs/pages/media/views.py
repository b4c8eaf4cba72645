"""Views of the files of a run's media, for its page.

Nothing that a file contains may act on the origin of the pages. Images, videos and sounds run nothing. An HTML document
runs its scripts in a sandbox: the policy of its response gives it an origin of its own, without cookies, requests or
access to the page around it, however it is opened; in a shared page they do not run. SVG is an attachment with that policy; an `img` shows it anyway.
"""

from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from runicorn._platform import read_at
from runicorn_site.web.access import Scope, access
from runicorn_site.web.actor import is_shared
from runicorn_site.web.files import OpenFile
from runicorn_site.web.markdown import render
from runicorn_site.web.pools import blocking
from runicorn_site.web.preview import BEGINNING, NOTHING, Preview, decoded, preview
from runicorn_site.web.responses import fragment
from runs.api.files import RunMediaFileView
from runs.errors import NoSuchFile
from runs.index import run_files
from runs.pages.media import plotly_figures
from runs.pages.media.kinds import DOCUMENTS, IMAGES, INLINE, SVG, kind_of, suffix
from runs.pages.media.listing import MediaItem
from runs.services.lookup import get_run

LARGEST_DOCUMENT = 64 * 1024 * 1024
MARKDOWN = (".md", ".markdown")
INERT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SANDBOX = f"{INERT}; script-src 'unsafe-inline' 'unsafe-eval'; sandbox allow-scripts"


class MediaFileView(RunMediaFileView):
    """A file of a run's media; videos and sounds can be played."""

    inline = INLINE

    def answer(self, request: Request, file: OpenFile, path: str) -> HttpResponseBase:
        """Return the response with an open file; 304 for an image that the browser has."""
        if kind_of(path) != IMAGES:
            return super().answer(request, file, path)
        state = os.fstat(file.fd)
        tag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
        # Compression makes the tag a weak one.
        fresh = request.headers.get("If-None-Match", "").removeprefix("W/") == tag
        answer = HttpResponseNotModified() if fresh else super().answer(request, file, path)
        if suffix(path) == SVG and answer.status_code in (200, 206, 304):
            answer["Content-Type"] = "image/svg+xml"
            answer["Content-Security-Policy"] = f"{INERT}; sandbox"
        answer["ETag"], answer["Cache-Control"] = tag, "no-cache"
        return answer


@access(Scope.READ)
@blocking
@require_safe
def document(request: HttpRequest, run_id: str, path: str) -> HttpResponse:
    """Send an HTML document, or one that draws a Plotly figure, for a frame.

    Raises:
        NoSuchFile: it does not exist, is neither an HTML file nor a figure, or is too large.
    """
    if kind_of(path) != DOCUMENTS:
        raise NoSuchFile("Run {run_id} has no document {path}", run_id=run_id, path=path[:200])
    content = run_files.read_media(get_run(run_id), path, LARGEST_DOCUMENT)
    # Its address in a shared page contains the link, which a script could send away in a DNS request.
    policy = f"{INERT}; sandbox" if is_shared(request) else SANDBOX
    if plotly_figures.is_figure(path):
        try:
            content = plotly_figures.page(content, is_inert=is_shared(request))
        except (ValueError, RecursionError) as error:
            raise NoSuchFile("Run {run_id} has no document {path}", run_id=run_id, path=path[:200]) from error
    return HttpResponse(
        content, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy}
    )


@access(Scope.READ)
@blocking
@require_safe
def file_preview(request: HttpRequest, run_id: str, path: str) -> HttpResponse:
    """Render the name and size of a file with a link, and its beginning if it is text.

    Raises:
        NoSuchFile: it does not exist.
    """
    run = get_run(run_id)
    file = run_files.open_media(run, path)
    size = os.fstat(file.fd).st_size
    content = read_at(file.fd, min(BEGINNING, size), 0)
    text = decoded(content, is_whole=size == len(content)) if suffix(path) in MARKDOWN else None
    context = {
        "name": path.rpartition("/")[2],
        "address": MediaItem(run_id, kind_of(path), "", path, None, "").file,
        "size": size,
        "preview": preview(path, content, size) if text is None else Preview(NOTHING),
        "markdown": render(text or ""),
    }
    return fragment(request, "runs/_media_file.html", context)
