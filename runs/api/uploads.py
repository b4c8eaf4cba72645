"""The API by which a program on another machine logs to this server."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn_site.web.pools import blocking
from runicorn_site.web.schemas import PROBLEMS
from runicorn_site.web.serializers import Bytes
from runs.active_root import active_root
from runs.api import schemas
from runs.api.requests import FileDigestQuery, FileQuery
from runs.errors import FileConflict
from runs.services import receive


# What is acknowledged was synced.
@blocking
class RunFile(APIView):
    """One file of a run that is logged from another machine."""

    parser_classes = (Bytes,)

    @extend_schema(
        parameters=[FileDigestQuery],
        responses={200: schemas.FileDigest, **PROBLEMS},
    )
    def get(self, request: Request, run_id: str, name: str) -> Response:
        """The size and the SHA-256 of the file, or of its first `size` bytes: whether what was sent has arrived."""
        query = FileDigestQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        size, digest = receive.describe_file(
            root=active_root(), run_id=run_id, name=name, size=query.validated_data.get("size")
        )
        return Response({"size": size, "digest": digest})

    @extend_schema(
        parameters=[FileQuery],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: schemas.FileTaken, **PROBLEMS, 409: schemas.FileConflict},
    )
    def put(self, request: Request, run_id: str, name: str) -> Response:
        """Add to a journal or log exactly at `offset`, or replace another file as a whole, told its `digest`.

        409 tells the size that is there instead. A new run begins with its `meta.json`.
        """
        query = FileQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        content = request.data if isinstance(request.data, bytes) else b""
        sent = receive.Sent(name, content, **query.validated_data)
        try:
            size = receive.take_file(root=active_root(), run_id=run_id, sent=sent)
        except FileConflict as error:
            answer = {"detail": str(error.detail), "size": error.size, "same_store": error.same_store}
            return Response(answer, status=error.status_code)
        return Response({"size": size})


@blocking
class RunHeartbeat(APIView):
    """The heartbeat of a run that is logged from another machine."""

    parser_classes = (Bytes,)

    @extend_schema(request=None, responses={200: schemas.Heartbeat, **PROBLEMS})
    def put(self, request: Request, run_id: str) -> Response:
        """Tell that the training and its sender are alive; senders do so every 30 seconds."""
        return Response({"heartbeat_at": receive.take_heartbeat(root=active_root(), run_id=run_id)})
