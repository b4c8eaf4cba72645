"""The API by which a version comes from another machine: told, sent in parts, completed."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts import schemas, services, shapes
from artifacts.api import PROBLEMS, StoreView, asked, given
from artifacts.errors import Conflict
from artifacts.serializers import PartQuery, UploadBody
from runs.taking import Bytes


class Uploads(StoreView):
    """Versions that are to come."""

    @extend_schema(request=UploadBody, responses={201: schemas.UploadBegun, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """Tell of a version; the answer names the contents that the store lacks."""
        about = given(UploadBody, request)
        files = about.pop("files")
        upload = services.begin_upload(about=about, files=files)
        answer = {"upload_id": upload.id, "missing": upload.missing()}
        return Response(answer, status=status.HTTP_201_CREATED)


class UploadParts(StoreView):
    """The contents of an upload."""

    parser_classes = (Bytes,)

    @extend_schema(
        parameters=[PartQuery],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: schemas.PartTaken, **PROBLEMS, 409: schemas.PartRefused},
    )
    def put(self, request: Request, upload_id: str) -> Response:
        """Append at most 8 MiB to a content, exactly at `offset`; 409 tells the size that is there instead."""
        query = asked(PartQuery, request)
        content = request.data if isinstance(request.data, bytes) else b""
        try:
            size = services.add_part(upload=services.upload_of(upload_id), content=content, **query)
        except Conflict as error:
            return Response({"detail": str(error.detail), "size": error.size}, status=error.status_code)
        return Response({"size": size})


class UploadCompletion(StoreView):
    """The end of an upload."""

    @extend_schema(request=None, responses={201: schemas.VersionDetail, **PROBLEMS})
    def post(self, request: Request, upload_id: str) -> Response:
        """Make the version, when all of it is there and is what was told; else nothing of it is visible."""
        version = services.complete_upload(upload=services.upload_of(upload_id))
        return Response(shapes.detail(version), status=status.HTTP_201_CREATED)
