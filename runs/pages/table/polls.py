"""Looks of an open page for newer rows: answered without building the table while nothing has changed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from runicorn_site.web import moments
from runicorn_site.web.actor import ACTOR
from runicorn_site.web.responses import is_fresh

HEADERS = ("Cookie", "Accept-Language")

SECONDS = 8.0
"""How old what has no version may be: progress, and changes of a store that the kernel does not watch."""
MOST = 200

Key = tuple[str, ...]
_answers: OrderedDict[Key, tuple[moments.Moment, str, float]] = OrderedDict()
"""Of each page and reader the moment, the ETag and when it was built, the last one at the end."""
_lock = threading.Lock()


def _key(request: HttpRequest) -> Key:
    """Return the address, and what the language, the choices and the rights of a reader follow from."""
    reader = repr(getattr(request, "scope", {}).get(ACTOR))
    return request.build_absolute_uri(), reader, *(request.headers.get(name, "") for name in HEADERS)


def not_modified(request: HttpRequest) -> HttpResponse | None:
    """Return 304 if the page has the rows of this moment, as an answer of the last `SECONDS` says; else None."""
    with _lock:
        answer = _answers.get(_key(request))
    if answer is None or answer[0] != moments.current() or time.monotonic() - answer[2] > SECONDS:
        return None
    if not is_fresh(request, answer[1]):
        return None
    response = HttpResponseNotModified()
    response["ETag"], response["Cache-Control"] = answer[1], "no-store"
    return response


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Remember the ETag of a table that was built."""
    moment = moments.current()
    if moment is None or "ETag" not in response:
        return
    with _lock:
        _answers[_key(request)] = (moment, response["ETag"], time.monotonic())
        _answers.move_to_end(_key(request))
        while len(_answers) > MOST:
            _answers.popitem(last=False)
