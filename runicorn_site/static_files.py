"""Static files, found in place: nothing is collected or copied, in a checkout and in a wheel alike."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

# The system's table may say otherwise, and a browser runs a module only as what it is.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".map": "application/json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """`GET /static/…`: asked for each time and answered 304 when nothing has changed.

    Raises:
        Http404: no such file; a path that leads out of the static folders is none either.
    """
    found = finders.find(path) if is_plain(path) else None
    if found is None or not Path(found).is_file():
        raise Http404
    file = Path(found)
    state = file.stat()
    etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(file.read_bytes(), content_type=content_type(file))
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


def is_plain(path: str) -> bool:
    """Whether a path goes straight down; the finders raise for others."""
    return "\0" not in path and not any(part in {"", ".", ".."} for part in path.split("/"))


def content_type(file: Path) -> str:
    """The content type of a file, by its name."""
    known = TYPES.get(file.suffix.lower())
    return known or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
