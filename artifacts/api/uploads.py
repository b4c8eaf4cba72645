"""Routes to upload a version: announce it, send its contents in parts, complete it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.api.artifacts import ERRORS, RUN_ERRORS, StoreView
from artifacts.api.requests import FilesBody, PartQuery, UploadBody
from artifacts.errors import Conflict
from artifacts.services import uploads
from runicorn.api.responses import artifacts as responses
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.serializers import Bytes
from runs.active_root import active_root
from runs.api.runs import known_ids


class Uploads(StoreView):
    """New uploads."""

    @endpoint(
        scope=Scope.WRITE,
        subject=Subject.CREATOR,
        body=UploadBody,
        returns={201: responses.StartedUpload},
        errors=ERRORS,
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Announce a version; the response lists the contents that the store lacks."""
        if "run_id" in body:
            known_ids(active_root(), [body["run_id"]], "run_id")
        files, total = body.pop("files"), body.pop("total_files", None)
        upload, missing = uploads.begin(fields=body, files=files, total=total)
        return Response(
            responses.StartedUpload(upload_id=upload.id, missing=missing), status=status.HTTP_201_CREATED
        )


class UploadState(StoreView):
    """A started upload."""

    @endpoint(scope=Scope.READ, returns=responses.UploadStatus, errors=ERRORS)
    def get(self, request: Request, upload_id: str) -> Response:
        """Return the progress of an upload, to continue after an interruption."""
        return Response(uploads.upload_status(upload=uploads.get_upload(upload_id)))


class UploadFiles(StoreView):
    """The files of an upload."""

    @endpoint(
        scope=Scope.WRITE, recorded=False, body=FilesBody, returns=responses.DescribedFiles, errors=ERRORS
    )
    def post(self, request: Request, upload_id: str, body: dict[str, Any]) -> Response:
        """Describe further files; the response lists the contents of these that the store lacks."""
        count, missing = uploads.add_files(upload=uploads.get_upload(upload_id), files=body["files"])
        return Response(responses.DescribedFiles(described_files=count, missing=missing))


class UploadParts(StoreView):
    """The contents of an upload."""

    parser_classes = (Bytes,)

    @endpoint(
        scope=Scope.WRITE,
        recorded=False,
        query=PartQuery,
        request={"application/octet-stream": OpenApiTypes.BINARY},
        returns={200: responses.ReceivedPart, 409: responses.RefusedPart},
        errors=RUN_ERRORS,
    )
    def put(self, request: Request, upload_id: str, query: dict[str, Any]) -> Response:
        """Append at most 8 MiB to a content, exactly at `offset`; 409 has the current size instead.

        The last part of a content that does not match its digest is 409 as well, and the whole content is discarded.
        """
        content = request.data if isinstance(request.data, bytes) else b""
        try:
            size = uploads.add_part(upload=uploads.get_upload(upload_id), content=content, **query)
        except Conflict as error:
            refused = responses.RefusedPart(detail=str(error.detail), size=error.size)
            return Response(refused, status=error.status_code)
        return Response(responses.ReceivedPart(size=size))


class UploadContents(StoreView):
    """Small contents of an upload, many in one request."""

    parser_classes = (Bytes,)

    @endpoint(
        scope=Scope.WRITE,
        recorded=False,
        request={"application/octet-stream": OpenApiTypes.BINARY},
        returns=responses.ReceivedContents,
        errors=ERRORS,
    )
    def put(self, request: Request, upload_id: str) -> Response:
        """Store complete contents, each preceded by its length in eight big-endian bytes; 8 MiB in total."""
        content = request.data if isinstance(request.data, bytes) else b""
        count = uploads.add_contents(upload=uploads.get_upload(upload_id), body=content)
        return Response(responses.ReceivedContents(taken=count))


class UploadCompletion(StoreView):
    """The end of an upload."""

    @endpoint(scope=Scope.WRITE, request=None, returns={201: responses.ArtifactDetail}, errors=ERRORS)
    def post(self, request: Request, upload_id: str) -> Response:
        """Create the version if all contents have arrived and match; otherwise nothing becomes visible."""
        version = uploads.complete(upload=uploads.get_upload(upload_id))
        return Response(version.to_detail(), status=status.HTTP_201_CREATED)
