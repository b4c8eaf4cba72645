"""Routes of the files of a run: log, media, environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.run_files import LogMatches, MediaFile, RunEnvironment
from runicorn.store import layout
from runicorn_site.web.access import Scope
from runicorn_site.web.actor import sender_key
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.files import OpenFile
from runicorn_site.web.pools import blocking
from runicorn_site.web.streaming import AnyFormat, file_answer
from runs.api.requests import LogQuery
from runs.api.runs import ERRORS
from runs.index import run_files
from runs.live import log_pattern, log_search
from runs.live.tail import start_of_last
from runs.services.lookup import get_run


@blocking
class RunLogView(APIView):
    """The log of a run."""

    content_negotiation_class = AnyFormat

    @endpoint(
        scope=Scope.READ,
        query=LogQuery,
        returns={
            (200, "text/plain"): OpenApiTypes.STR,
            (206, "text/plain"): OpenApiTypes.STR,
            (200, "application/json"): LogMatches,
            416: None,
        },
        errors=ERRORS,
    )
    def get(self, request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
        """Get the log as text: all of it or a `Range`, its last lines (`tail`), or the rest from a byte (`offset`).

        With `search` the matching lines as JSON; with `regex` too, those that match a regular expression within
        10 seconds. `X-File-Size` is the `offset` of what is written later.
        """
        run = get_run(run_id)
        file, ended = run_files.open_log(run), run.status != layout.RUNNING
        if "search" in query:
            if query["regex"]:
                sender = sender_key(request)
                return Response(log_pattern.matching_lines(file.fd, query["search"], sender, ended=ended))
            return Response(log_search.matching_lines(file.fd, query["search"], ended=ended))
        start = query.get("offset", 0)
        if "tail" in query:
            start = max(start, start_of_last(file, query["tail"], ended=ended))
        part = "tail" in query or "offset" in query
        return file_answer(request, file, "text/plain; charset=utf-8", start=start, is_whole=not part)


@route("GET", scope=Scope.READ, returns=list[MediaFile], errors=ERRORS)
def run_media_list_view(request: Request, run_id: str) -> Response:
    """List the images and other files in the order in which they were logged, without missing files."""
    return Response(run_files.media(get_run(run_id)))


class RunMediaFileView(APIView):
    """One file of a run's media."""

    content_negotiation_class = AnyFormat
    inline: Mapping[str, str] = run_files.PICTURES
    """Content types by file extension of files that are shown; all others are attachments."""

    @endpoint(
        scope=Scope.READ,
        returns={(200, "*/*"): OpenApiTypes.BINARY, (206, "*/*"): OpenApiTypes.BINARY, 416: None},
        errors=ERRORS,
    )
    def get(self, request: Request, run_id: str, path: str) -> HttpResponseBase:
        """Get a file. Images are served inline, everything else as an attachment."""
        return self.answer(request, run_files.open_media(get_run(run_id), path), path)

    def answer(self, request: Request, file: OpenFile, path: str) -> HttpResponseBase:
        """Return the response with an open file."""
        content_type = self.inline.get(os.path.splitext(path)[1].lower())
        answer = file_answer(request, file, content_type or run_files.UNKNOWN_TYPE)
        disposition = content_disposition_header(
            not content_type, "" if content_type else os.path.basename(path)
        )
        answer["Content-Disposition"] = disposition or "inline"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


@route("GET", scope=Scope.READ, returns=RunEnvironment, errors=ERRORS)
def run_environment_view(request: Request, run_id: str) -> Response:
    """Get the host, packages and repository that a run recorded."""
    environment = run_files.environment(get_run(run_id))
    if environment is None:
        return Response(RunEnvironment(available=False))
    return Response(RunEnvironment(available=True, environment=environment))
