"""Routes of import and export: archives into the store, a run as JSON, CSV or report out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn._platform import open_regular
from runicorn.api.responses.exchange import ExportedRun, ImportedArchive
from runicorn.store import layout
from runicorn_site.api import archives
from runicorn_site.api.parsers import FormWithFile
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import attachment
from runicorn_site.web.serializers import WHOLE, Body, Query
from runicorn_site.web.streaming import AnyFormat
from runs.active_root import active_root
from runs.errors import FileNotReadable
from runs.models import StorageRoot
from runs.services.lookup import get_run

if TYPE_CHECKING:
    from runicorn_tools.archives.read import Outcome

FORMATS = {"markdown": ("text/markdown", "md"), "html": ("text/html", "html")}


class ImportForm(Query):
    """An archive as multipart form data."""

    file = s.FileField(help_text="zip, tar or tar.gz.")
    overwrite = s.BooleanField(
        default=False, help_text="Replace existing runs that are not running, and files of projects."
    )
    dry_run = s.BooleanField(
        default=False, help_text="Report what would be imported without changing anything."
    )


class ExportBody(Body):
    """Run and format of an export."""

    run_id = s.CharField()
    format = s.ChoiceField(["json", "csv"], default="json")
    include_media = s.BooleanField(default=False, help_text="json: include media files as base64.")

    def validate(self, attrs: Any) -> Any:
        """Refuse media in CSV."""
        if attrs["include_media"] and attrs["format"] == "csv":
            raise s.ValidationError({"include_media": "CSV has no media: choose the format json"})
        return attrs


class ReportQuery(Query):
    """Format of a report."""

    format = s.CharField(default="markdown", help_text="markdown or html.")

    def validate_format(self, value: str) -> str:
        """Refuse unknown formats."""
        if value not in FORMATS:
            raise s.ValidationError("Format must be markdown or html", code=WHOLE)
        return value


@blocking
class ImportArchive(APIView):
    """Import of an archive."""

    parser_classes = (FormWithFile,)

    @endpoint(
        scope=Scope.ADMIN,
        body=ImportForm,
        returns=ImportedArchive,
        request={"multipart/form-data": ImportForm},
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Add the runs and artifacts of an archive; nothing is added if the archive is refused.

        Existing runs are kept unless `overwrite` is set.
        """
        root, file = active_root(), body.pop("file")
        return Response(imported(root, archives.import_into(root, file.file, **body), body["dry_run"]))


def imported(root: StorageRoot, outcome: Outcome, dry_run: bool) -> ImportedArchive:
    """Return the response about the outcome of an import."""
    return ImportedArchive(
        ok=True,
        dry_run=dry_run,
        imported_files=outcome.files,
        imported_bytes=outcome.bytes,
        new_run_dirs=sorted(f"{root.path}/{folder}" for folder in outcome.runs),
        new_run_ids=archives.ids_of(outcome.runs),
        replaced_run_ids=archives.ids_of(outcome.replaced),
        new_artifacts=outcome.versions,
        left=outcome.left,
        storage=root.path,
    )


# All of a journal is read before the first byte.
@blocking
class ExportRun(APIView):
    """Export of a run."""

    content_negotiation_class = AnyFormat

    @endpoint(
        scope=Scope.READ,
        recorded=False,
        body=ExportBody,
        returns={(200, "application/json"): ExportedRun, (200, "text/csv"): OpenApiTypes.STR},
        errors=(404, 409),
    )
    def post(self, request: Request, body: dict[str, Any]) -> HttpResponseBase:
        """Return the run as one JSON document, or its metrics as CSV, in constant memory."""
        from runicorn_tools.archives import document

        run = get_run(body["run_id"])
        if body["format"] == "csv":
            check_readable(run.path, layout.EVENTS)
            return as_csv(archives.metrics_as_csv(run), run.run_id)
        check_readable(run.path, layout.EVENTS, layout.LOGS)
        pieces = document.pieces(run.path, include_media=body["include_media"])
        return attachment(
            StreamingHttpResponse(pieces, content_type="application/json"), f"{run.run_id}.json"
        )


def check_readable(run_dir: Path, *names: str) -> None:
    """Check files of a run before a response begins, which could only be broken off later.

    Raises:
        FileNotReadable: one of them is a link, or cannot be read.
    """
    for name in names:
        try:
            os.close(open_regular(run_dir / name, follow_links=False))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FileNotReadable(name, error.strerror or str(error)) from error


@blocking
class ExportCsv(APIView):
    """Metrics of a run as CSV."""

    content_negotiation_class = AnyFormat

    @endpoint(scope=Scope.READ, returns={(200, "text/csv"): OpenApiTypes.STR}, errors=(409,))
    def get(self, request: Request, run_id: str) -> HttpResponseBase:
        """Return a line for each record: step, time and stage first, the other columns sorted."""
        run = get_run(run_id)
        check_readable(run.path, layout.EVENTS)
        return as_csv(archives.metrics_as_csv(run), run.run_id)


@blocking
class ExportReport(APIView):
    """Report of a run."""

    content_negotiation_class = AnyFormat

    @endpoint(
        scope=Scope.READ,
        query=ReportQuery,
        returns={(200, "text/markdown"): OpenApiTypes.STR, (200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request, run_id: str, query: dict[str, Any]) -> HttpResponseBase:
        """Return status, configuration, statistics and curves of the run as one self-contained file."""
        from runicorn_tools.export import report

        content_type, suffix = FORMATS[query["format"]]
        run = get_run(run_id)
        make = report.html if suffix == "html" else report.markdown
        response = HttpResponse(make(run.path), content_type=f"{content_type}; charset=utf-8")
        return attachment(response, f"{run.run_id}_report.{suffix}")


def as_csv(lines: Iterator[str], name: str) -> HttpResponseBase:
    """Return lines of CSV as a file to download."""
    content = (line.encode("utf-8", "replace") for line in lines)
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    return attachment(response, f"{name}_metrics.csv")


exchange_patterns = [
    path("import/archive", ImportArchive.as_view(), name="api-import"),
    path("export", ExportRun.as_view(), name="api-export"),
    path("export/<str:run_id>/csv", ExportCsv.as_view(), name="api-export-csv"),
    path("export/<str:run_id>/report", ExportReport.as_view(), name="api-export-report"),
]
