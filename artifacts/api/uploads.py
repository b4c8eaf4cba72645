"""The API by which a version comes from another machine: told, sent in parts, completed."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.api import responses, schemas
from artifacts.api.artifacts import PROBLEMS, StoreView, asked, given
from artifacts.api.requests import FilesBody, PartQuery, UploadBody
from artifacts.errors import Conflict
from artifacts.services import uploads
from runicorn_site.web.serializers import Bytes
from runs.active_root import active_root
from runs.api.runs import known_ids


class Uploads(StoreView):
    """Versions that are to come."""

    @extend_schema(request=UploadBody, responses={201: schemas.UploadBegun, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Tell of a version; the answer names the contents that the store lacks."""
        about = given(UploadBody, request)
        if "run_id" in about:
            known_ids(active_root(), [about["run_id"]], "run_id")
        files, total = about.pop("files"), about.pop("total_files", None)
        upload, missing = uploads.begin(about=about, files=files, total=total)
        return Response({"upload_id": upload.id, "missing": missing}, status=status.HTTP_201_CREATED)


class UploadState(StoreView):
    """An upload that was begun."""

    @extend_schema(responses={200: schemas.UploadState, **PROBLEMS})
    def get(self, request: Request, upload_id: str) -> Response:
        """How far it is: to go on after an interruption."""
        return Response(uploads.state_of(upload=uploads.upload_of(upload_id)))


class UploadFiles(StoreView):
    """The files of an upload."""

    @extend_schema(request=FilesBody, responses={200: schemas.FilesTold, **PROBLEMS})
    def post(self, request: Request, upload_id: str) -> Response:
        """Tell of further files; the answer names the contents of theirs that the store lacks."""
        files = given(FilesBody, request)["files"]
        told, missing = uploads.tell_files(upload=uploads.upload_of(upload_id), files=files)
        return Response({"told_files": told, "missing": missing})


class UploadParts(StoreView):
    """The contents of an upload."""

    parser_classes = (Bytes,)

    @extend_schema(
        parameters=[PartQuery],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: schemas.PartTaken, **PROBLEMS, 409: schemas.PartRefused},
    )
    def put(self, request: Request, upload_id: str) -> Response:
        """Append at most 8 MiB to a content, exactly at `offset`; 409 tells the size that is there instead.

        The last part of a content that has another digest is 409 as well: all of it was thrown away.
        """
        query = asked(PartQuery, request)
        content = request.data if isinstance(request.data, bytes) else b""
        try:
            size = uploads.add_part(upload=uploads.upload_of(upload_id), content=content, **query)
        except Conflict as error:
            return Response({"detail": str(error.detail), "size": error.size}, status=error.status_code)
        return Response({"size": size})


class UploadContents(StoreView):
    """Small contents of an upload, many in one request."""

    parser_classes = (Bytes,)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: schemas.ContentsTaken, **PROBLEMS},
    )
    def put(self, request: Request, upload_id: str) -> Response:
        """Take whole contents, each after its length in eight bytes, the highest first; 8 MiB together."""
        content = request.data if isinstance(request.data, bytes) else b""
        taken = uploads.add_contents(upload=uploads.upload_of(upload_id), body=content)
        return Response({"taken": taken})


class UploadCompletion(StoreView):
    """The end of an upload."""

    @extend_schema(request=None, responses={201: schemas.VersionDetail, **PROBLEMS})
    def post(self, request: Request, upload_id: str) -> Response:
        """Make the version, when all of it is there and is what was told; else nothing of it is visible."""
        version = uploads.complete(upload=uploads.upload_of(upload_id))
        return Response(responses.detail(version), status=status.HTTP_201_CREATED)
