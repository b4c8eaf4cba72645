"""Static files, found in place: nothing is collected or copied, in a checkout and in a wheel alike.

Style sheets can be asked for together, as `css/variables+base+layout.css`: a page waits for one answer before it
paints, not for one of each. Text is compressed at the first request for it and kept, some 1.5 MB for all there is.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from runicorn_site import static_names
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


MOST_JOINED = 16
FOR_GOOD = "max-age=31536000, immutable"


@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """`GET /static/…`: kept for good by an address with the present version, else answered 304 when unchanged.

    Raises:
        Http404: no such file; a path that leads out of the static folders is none either.
    """
    name, current = static_names.split(path)
    files = tuple(found(one) for one in parts(name))
    # Weak: the tag is the same for both forms of a file, as it is and compressed.
    etag = f'W/"{state_of(files)}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        response = content_of(files, etag, accepts_gzip(request.headers.get("Accept-Encoding", "")))
    response["ETag"] = etag
    response["Cache-Control"] = FOR_GOOD if current else "no-cache"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


def parts(name: str) -> list[str]:
    """The names of the files behind a name: itself, or the style sheets that it joins."""
    folder, slash, sheets = name.rpartition("/")
    if "+" not in sheets or not sheets.endswith(".css"):
        return [name]
    named = sheets.removesuffix(".css").split("+")
    return [f"{folder}{slash}{sheet}.css" for sheet in named] if len(named) <= MOST_JOINED else []


def found(name: str) -> Path:
    """The file of a name.

    Raises:
        Http404: there is none.
    """
    path = finders.find(name) if is_plain(name) else None
    if path is None or not Path(path).is_file():
        raise Http404
    return Path(path)


def state_of(files: Sequence[Path]) -> str:
    """A word that changes with any of the files.

    Raises:
        Http404: there are no files.
    """
    if not files:
        raise Http404
    states = [os.stat(file) for file in files]
    known = repr([(state.st_mtime_ns, state.st_size) for state in states])
    return blake2b(known.encode(), digest_size=12).hexdigest()


def content_of(files: tuple[Path, ...], state: str, compressed: bool) -> HttpResponse:
    """Files as they are, one after the other, or compressed where that is asked for and of use."""
    kind = content_type(files[0])
    if compressed and TEXT.match(kind) and sum(file.stat().st_size for file in files) >= SMALL:
        return HttpResponse(kept(files, state), content_type=kind, headers={"Content-Encoding": "gzip"})
    return HttpResponse(joined(files), content_type=kind)


def joined(files: Iterable[Path]) -> bytes:
    """The bytes of files, one after the other."""
    return b"\n".join(file.read_bytes() for file in files)


@lru_cache(maxsize=512)
def kept(files: tuple[Path, ...], state: str) -> bytes:
    """Files compressed as well as can be, made once for each state of them."""
    return gzip(joined(files), ONCE_LEVEL)


def is_plain(path: str) -> bool:
    """Whether a path goes straight down; the finders raise for others."""
    return "\0" not in path and not any(part in {"", ".", ".."} for part in path.split("/"))


def content_type(file: Path) -> str:
    """The content type of a file, by its name."""
    known = TYPES.get(file.suffix.lower())
    return known or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
