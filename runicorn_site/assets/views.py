"""Serve static files in place, without `collectstatic`.

Style sheets can be requested together, as `css/variables+base+layout.css`, and modules with all their imports, as
`js/+frame+run.js`, so that a page needs one response of each kind. Text is compressed at its first request and cached,
some 1.5 MB in total.
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
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from runicorn_site.assets import module_bundle, storage
from runicorn_site.transport.compression import ONCE_LEVEL, SMALL, TEXT, accepts_gzip, gzip
from runicorn_site.web.access import public
from runicorn_site.web.addresses import site_address

# The MIME table of the system may differ, and browsers run modules only with the right type.
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
MODULES = "js/+"
Files = tuple[Path, ...]
FOR_GOOD = "max-age=31536000, immutable"


@public
@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve a file: cached permanently with the current version in its URL, else with 304 if unchanged."""
    name, current = storage.split(path)
    names = parts(name)
    files = tuple(static_path(name) for name in names)
    # Weak: the tag is the same for both forms of a file, as it is and compressed.
    etag = f'W/"{state_of(files)}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        modules = names if is_joined_module(name) else ()
        gzipped = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        response = content_of(files, modules, etag, gzipped)
    response["ETag"] = etag
    response["Cache-Control"] = FOR_GOOD if current else "no-cache"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


@public
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect from the address that browsers try for responses other than pages."""
    return redirect(site_address("/static/img/favicon.svg"))


def parts(name: str) -> tuple[str, ...]:
    """Return the names of the files that a name joins, or the name itself."""
    if is_joined_module(name):
        stems = name.removeprefix(MODULES).removesuffix(".js").split("+")
        return modules_of(stems) if len(stems) <= MOST_JOINED else ()
    folder, slash, sheets = name.rpartition("/")
    if "+" not in sheets or not sheets.endswith(".css"):
        return (name,)
    stems = sheets.removesuffix(".css").split("+")
    return tuple(f"{folder}{slash}{sheet}.css" for sheet in stems) if len(stems) <= MOST_JOINED else ()


def is_joined_module(name: str) -> bool:
    """Return whether a name stands for modules with their imports."""
    return name.startswith(MODULES) and name.endswith(".js")


def modules_of(stems: Iterable[str]) -> tuple[str, ...]:
    """Return the names of modules and their imports, in the order of execution."""
    names = [f"js/{name}.js" for name in stems]
    return module_bundle.in_order(names, lambda name: static_path(name).read_text(encoding="utf-8"))


def static_path(name: str) -> Path:
    """Return the path of a static file."""
    path = finders.find(name) if is_plain(name) else None
    if path is None or not Path(path).is_file():
        raise Http404
    return Path(path)


def state_of(files: Sequence[Path]) -> str:
    """Return a digest of the modification times and sizes of files.

    Raises:
        Http404: `files` is empty.
    """
    if not files:
        raise Http404
    states = [os.stat(file) for file in files]
    state = repr([(state.st_mtime_ns, state.st_size) for state in states])
    return blake2b(state.encode(), digest_size=12).hexdigest()


def content_of(files: Files, modules: Sequence[str], state: str, compressed: bool) -> HttpResponse:
    """Return the joined files, compressed if that is accepted and useful; `modules` are the names of modules."""
    kind = content_type(files[0])
    if compressed and TEXT.match(kind) and sum(file.stat().st_size for file in files) >= SMALL:
        content = compressed_content(files, tuple(modules), state)
        return HttpResponse(content, content_type=kind, headers={"Content-Encoding": "gzip"})
    return HttpResponse(joined(files, modules), content_type=kind)


def joined(files: Files, modules: Sequence[str]) -> bytes:
    """Join files; modules are bundled."""
    if not modules:
        return b"\n".join(file.read_bytes() for file in files)
    texts = [file.read_text(encoding="utf-8") for file in files]
    return module_bundle.joined(zip(modules, texts, strict=True)).encode()


@lru_cache(maxsize=512)
def compressed_content(files: Files, modules: tuple[str, ...], state: str) -> bytes:
    """Return the joined files with the best compression, cached for each `state`."""
    return gzip(joined(files, modules), ONCE_LEVEL)


def is_plain(path: str) -> bool:
    """Return whether a path has no empty, `.` or `..` parts, for which the finders raise."""
    return "\0" not in path and not any(part in {"", ".", ".."} for part in path.split("/"))


def content_type(file: Path) -> str:
    media_type = TYPES.get(file.suffix.lower())
    return media_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
