"""The API by which runs come and go: archives into the store, one run as JSON, CSV or a report out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.archives import document
from runicorn.archives.read import Outcome
from runicorn.export import report
from runicorn_site.api import archives, schemas
from runicorn_site.api.parsers import FormWithFile
from runicorn_site.web.pools import blocking
from runicorn_site.web.schemas import PROBLEMS, Problem
from runicorn_site.web.serializers import WHOLE, Body, Query
from runicorn_site.web.streaming import AnyFormat
from runs.active_root import active_root
from runs.models import StorageRoot
from runs.services.lookup import get_run

FORMATS = {"markdown": (report.markdown, "text/markdown", "md"), "html": (report.html, "text/html", "html")}


class ImportForm(Query):
    """An archive, as a browser's form or `curl -F` sends it."""

    file = s.FileField(help_text="zip, tar or tar.gz.")
    overwrite = s.BooleanField(
        default=False, help_text="Runs that are there give way, unless they are running."
    )
    dry_run = s.BooleanField(default=False, help_text="Only say what would happen.")


class ExportBody(Body):
    """Which run is wanted, and how."""

    run_id = s.CharField()
    format = s.ChoiceField(["json", "csv"], default="json")
    include_media = s.BooleanField(default=False, help_text="json: with its files, as base64.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Media go with JSON alone."""
        if attrs["include_media"] and attrs["format"] == "csv":
            raise s.ValidationError({"include_media": "CSV holds no media: ask for json"})
        return attrs


class ReportQuery(Query):
    """How the report is wanted."""

    format = s.CharField(default="markdown", help_text="markdown or html.")

    def validate_format(self, value: str) -> str:
        """One of two words."""
        if value not in FORMATS:
            raise s.ValidationError("Format must be markdown or html", code=WHOLE)
        return value


@blocking
class ImportArchive(APIView):
    """An archive on its way into the store."""

    parser_classes = (FormWithFile,)

    @extend_schema(
        request={"multipart/form-data": ImportForm},
        responses={200: schemas.Imported, **PROBLEMS, 413: Problem},
    )
    def post(self, request: Request) -> Response:
        """Add the runs and artifacts of an archive; of one that is not taken nothing is added.

        Runs that are there are left as they are, unless `overwrite` says otherwise.
        """
        form = ImportForm(data=request.data)
        form.is_valid(raise_exception=True)
        root, asked = active_root(), form.validated_data
        file = asked.pop("file")
        return Response(imported(root, archives.take_in(root, file.file, **asked), asked["dry_run"]))


def imported(root: StorageRoot, outcome: Outcome, dry_run: bool) -> dict[str, Any]:
    """What became of an archive, in the words of the API."""
    return {
        "ok": True,
        "dry_run": dry_run,
        "imported_files": outcome.files,
        "imported_bytes": outcome.bytes,
        "new_run_dirs": sorted(f"{root.path}/{folder}" for folder in outcome.runs),
        "new_run_ids": archives.ids_of(outcome.runs),
        "replaced_run_ids": archives.ids_of(outcome.replaced),
        "new_artifacts": outcome.versions,
        "left": outcome.left,
        "storage": root.path,
    }


# All of a journal is read before the first byte.
@blocking
class ExportRun(APIView):
    """One run as a file."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        request=ExportBody,
        responses={
            (200, "application/json"): schemas.Exported,
            (200, "text/csv"): OpenApiTypes.STR,
            **PROBLEMS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """The run as one JSON document, or its metrics as CSV, in constant memory."""
        body = ExportBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        run = get_run(asked["run_id"])
        if asked["format"] == "csv":
            return as_csv(archives.metrics_as_csv(run), run.run_id)
        pieces = document.pieces(run.path, include_media=asked["include_media"])
        return attachment(
            StreamingHttpResponse(pieces, content_type="application/json"), f"{run.run_id}.json"
        )


@blocking
class ExportCsv(APIView):
    """The metrics of a run."""

    content_negotiation_class = AnyFormat

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, **PROBLEMS})
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """A line for each record: step, time and stage first, the other columns sorted."""
        run = get_run(run_id)
        return as_csv(archives.metrics_as_csv(run), run.run_id)


@blocking
class ExportReport(APIView):
    """A report of a run."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        parameters=[ReportQuery],
        responses={
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "text/html"): OpenApiTypes.STR,
            **PROBLEMS,
        },
    )
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """What the run is, how it ended, its configuration, its curves: one file that loads nothing."""
        query = ReportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        make, kind, ending = FORMATS[query.validated_data["format"]]
        run = get_run(run_id)
        answer = HttpResponse(make(run.path), content_type=f"{kind}; charset=utf-8")
        return attachment(answer, f"{run.run_id}_report.{ending}")


def as_csv(lines: Iterator[str], name: str) -> HttpResponseBase:
    """Lines as a file of CSV."""
    content = (line.encode("utf-8", "replace") for line in lines)
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    return attachment(answer, f"{name}_metrics.csv")


def attachment(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    """The same answer, to be saved under a name rather than shown."""
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


exchange_patterns = [
    path("import/archive", ImportArchive.as_view(), name="api-import"),
    path("export", ExportRun.as_view(), name="api-export"),
    path("export/<str:run_id>/csv", ExportCsv.as_view(), name="api-export-csv"),
    path("export/<str:run_id>/report", ExportReport.as_view(), name="api-export-report"),
]
