"""Views of the data that the page of a run fetches: log blocks, lists of media, histograms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.store import layout
from runicorn_site.web.access import Scope
from runicorn_site.web.actor import sender_key
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.api.requests import HistogramQuery, LogPartQuery, MediaPartQuery
from runs.index import run_files
from runs.live import log_blocks, log_pattern, log_search
from runs.pages.media import listing as media
from runs.services.lookup import get_run


@blocking
@route("GET", scope=Scope.READ, query=LogPartQuery)
def log_blocks_view(request: Request, run_id: str, query: dict[str, Any]) -> Response:
    """Return `{blocks: […]}` around a line, before or after a byte; with `search` the numbers of the matching lines."""
    run = get_run(run_id)
    file, ended = run_files.open_log(run), run.status != layout.RUNNING
    if "search" in query:
        if query["regex"]:
            sender = sender_key(request)
            return Response(log_pattern.matching_numbers(file.fd, query["search"], sender, ended=ended))
        return Response(log_search.matching_numbers(file.fd, query["search"], ended=ended))
    if "around" in query:
        blocks = log_blocks.around(file.fd, query["around"], ended=ended)
    elif "before" in query:
        blocks = [log_blocks.before(file.fd, query["before"], query["first"])]
    else:
        blocks = [log_blocks.after(file.fd, query["after"], query["first"], ended=ended)]
    return Response({"blocks": [asdict(block) for block in blocks]})


@route("GET", scope=Scope.READ, query=MediaPartQuery)
def media_view(request: Request, run_id: str, query: dict[str, Any]) -> Response:
    """Return the media that the page does not know yet, see `media.media_after`."""
    return Response(media.media_after(get_run(run_id), query["after"], query["mark"]))


@route("GET", scope=Scope.READ, query=HistogramQuery)
def histograms_view(request: Request, run_id: str, query: dict[str, Any]) -> Response:
    """Return the histograms over steps, downsampled if there are many, see `media.histograms`."""
    return Response(media.histograms(get_run(run_id), query["key"]))
