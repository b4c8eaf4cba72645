"""Static files, found in place: nothing is collected or copied, in a checkout and in a wheel alike.

Text is compressed at the first request for it and kept, some 1.5 MB for all there is.
"""

from __future__ import annotations

import mimetypes
import os
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from runicorn_site.compression import ONCE_LEVEL, SMALL, TEXT, accepts_gzip, gzip

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
    file, state = Path(found), os.stat(found)
    # Weak: the tag is the same for both forms of a file, as it is and compressed.
    etag = f'W/"{state.st_mtime_ns:x}-{state.st_size:x}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        response = content_of(file, state, accepts_gzip(request.headers.get("Accept-Encoding", "")))
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


def content_of(file: Path, state: os.stat_result, compressed: bool) -> HttpResponse:
    """A file as it is, or compressed where that is asked for and of use."""
    kind = content_type(file)
    if compressed and TEXT.match(kind) and state.st_size >= SMALL:
        content = kept(file, state.st_mtime_ns, state.st_size)
        return HttpResponse(content, content_type=kind, headers={"Content-Encoding": "gzip"})
    return HttpResponse(file.read_bytes(), content_type=kind)


@lru_cache(maxsize=512)
def kept(file: Path, mtime_ns: int, size: int) -> bytes:
    """A file compressed as well as can be, made once for each state of it."""
    return gzip(file.read_bytes(), ONCE_LEVEL)


def is_plain(path: str) -> bool:
    """Whether a path goes straight down; the finders raise for others."""
    return "\0" not in path and not any(part in {"", ".", ".."} for part in path.split("/"))


def content_type(file: Path) -> str:
    """The content type of a file, by its name."""
    known = TYPES.get(file.suffix.lower())
    return known or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
