"""What the page of a run asks for by itself, beside what the API has for everybody."""

from __future__ import annotations

from dataclasses import asdict

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.store import layout
from runs.api.requests import HistogramQuery, LogPartQuery, MediaPartQuery
from runs.index import run_files
from runs.live import log_blocks, log_search
from runs.pages import media
from runs.services.lookup import get_run


class LogPart(APIView):
    """A part of the log, for a page that shows it in blocks."""

    def get(self, request: Request, run_id: str) -> Response:
        """`{blocks: […]}` around a line, before or after a byte; with `search` the numbers of the matching lines."""
        query = LogPartQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        run = get_run(run_id)
        file, ended = run_files.open_log(run), run.status != layout.RUNNING
        if "search" in asked:
            return Response(log_search.matching_numbers(file.fd, asked["search"], ended=ended))
        if "around" in asked:
            found = log_blocks.around(file.fd, asked["around"], ended=ended)
        elif "before" in asked:
            found = [log_blocks.before(file.fd, asked["before"], asked["first"])]
        else:
            found = [log_blocks.after(file.fd, asked["after"], asked["first"], ended=ended)]
        return Response({"blocks": [asdict(block) for block in found]})


class MediaPart(APIView):
    """The images, tables and histograms of a run."""

    def get(self, request: Request, run_id: str) -> Response:
        """Those that came after the ones that the page knows, see `shown_media.media_after`."""
        query = MediaPartQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        return Response(media.media_after(get_run(run_id), asked["after"], asked["mark"]))


class HistogramPart(APIView):
    """The histograms of one key."""

    def get(self, request: Request, run_id: str) -> Response:
        """All of them over steps, thinned where there are many, see `shown_media.histograms`."""
        query = HistogramQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(media.histograms(get_run(run_id), query.validated_data["key"]))
