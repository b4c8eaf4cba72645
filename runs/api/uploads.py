"""Routes by which programs on other hosts log to this server."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.run_files import FileDigest, Heartbeat, UploadConflict, UploadedSize
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.actor import sender_name
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.pools import blocking
from runicorn_site.web.serializers import Bytes
from runs.active_root import active_root
from runs.api.requests import FileDigestQuery, FileQuery
from runs.api.runs import ERRORS
from runs.errors import FileConflict


# Files are synced to disk before they are acknowledged.
@blocking
class RunFileView(APIView):
    """One file of a run that is logged from another host."""

    parser_classes = (Bytes,)

    @endpoint(scope=Scope.READ, query=FileDigestQuery, returns=FileDigest, errors=ERRORS)
    def get(self, request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
        """Get the size and the SHA-256 of the file, or of its first `size` bytes."""
        from runs.services import receive

        size, digest = receive.describe_file(
            root=active_root(), run_id=run_id, name=name, size=query.get("size")
        )
        return Response(FileDigest(size=size, digest=digest))

    @endpoint(
        scope=Scope.WRITE,
        subject=Subject.RUNS,
        recorded=False,
        query=FileQuery,
        returns={200: UploadedSize, 409: UploadConflict},
        errors=ERRORS,
        request={"application/octet-stream": OpenApiTypes.BINARY},
    )
    def put(self, request: Request, run_id: str, name: str, query: dict[str, Any]) -> Response:
        """Append to a journal or log exactly at `offset`, or replace another file, given its `digest`.

        409 has the size of the file on the server. A new run begins with its `meta.json`.
        """
        from runs.services import receive

        content = request.data if isinstance(request.data, bytes) else b""
        upload = receive.UploadedFile(name, content, **query, owner=sender_name(request))
        try:
            size = receive.store_file(root=active_root(), run_id=run_id, upload=upload)
        except FileConflict as error:
            conflict = UploadConflict(detail=str(error.detail), size=error.size, same_store=error.same_store)
            return Response(conflict, status=error.status_code)
        return Response(UploadedSize(size=size))


@blocking
class RunHeartbeatView(APIView):
    """The heartbeat of a run that is logged from another host."""

    parser_classes = (Bytes,)

    @endpoint(
        scope=Scope.WRITE,
        subject=Subject.RUNS,
        recorded=False,
        returns=Heartbeat,
        errors=ERRORS,
        request=None,
    )
    def put(self, request: Request, run_id: str) -> Response:
        """Report that the training and its sender are alive; senders do so every 30 seconds."""
        from runs.services import receive

        return Response(Heartbeat(heartbeat_at=receive.record_heartbeat(root=active_root(), run_id=run_id)))
