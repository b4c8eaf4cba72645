"""The API of what lies in a run's folder: log, media, environment, artifacts."""

from __future__ import annotations

import os
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.store import layout
from runicorn_site.web.schemas import PROBLEMS
from runicorn_site.web.streaming import AnyFormat, file_answer
from runs.api import schemas
from runs.api.requests import LogQuery
from runs.index import run_files
from runs.live import log_search
from runs.live.tail import start_of_last
from runs.services.lookup import get_run


class RunLog(APIView):
    """The log of a run."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        parameters=[LogQuery],
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            (206, "text/plain"): OpenApiTypes.STR,
            (200, "application/json"): schemas.Lines,
            416: None,
            **PROBLEMS,
        },
    )
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """The log as text: all of it or a `Range`, its last lines (`tail`), or what follows a byte (`offset`).

        With `search` the matching lines as JSON. `X-File-Size` tells from where to ask for what comes later.
        """
        query = LogQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked: dict[str, Any] = query.validated_data
        run = get_run(run_id)
        file, ended = run_files.open_log(run), run.status != layout.RUNNING
        if "search" in asked:
            return Response(log_search.matching_lines(file.fd, asked["search"], ended=ended))
        start = asked.get("offset", 0)
        if "tail" in asked:
            start = max(start, start_of_last(file, asked["tail"], ended=ended))
        part = "tail" in asked or "offset" in asked
        return file_answer(request, file, "text/plain; charset=utf-8", start=start, whole=not part)


class RunMediaList(APIView):
    """The media of a run."""

    @extend_schema(responses={200: schemas.Media(many=True), **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """Images and other files that were logged, in that order; files that are gone are left out."""
        return Response(run_files.media(get_run(run_id)))


class RunMediaFile(APIView):
    """One file of a run's media."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            416: None,
            **PROBLEMS,
        }
    )
    def get(self, request: Request, run_id: str, path: str) -> HttpResponseBase:
        """The file: pictures are shown by a browser, anything else is offered to be saved."""
        file, content_type = run_files.open_media(get_run(run_id), path)
        answer = file_answer(request, file, content_type)
        inline = content_type != run_files.UNKNOWN_TYPE
        disposition = content_disposition_header(not inline, "" if inline else os.path.basename(path))
        answer["Content-Disposition"] = disposition or "inline"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


class RunEnvironment(APIView):
    """The environment of a run."""

    @extend_schema(responses={200: schemas.Environment, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """What a run recorded of its machine, its packages and its repository."""
        environment = run_files.environment(get_run(run_id))
        if environment is None:
            return Response({"available": False})
        return Response({"available": True, "environment": environment})
