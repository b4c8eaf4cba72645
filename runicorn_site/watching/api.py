"""Routes of watched folders."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses import watching as responses
from runicorn_site.watching import services
from runicorn_site.watching.errors import UnwatchableFolder
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.pools import blocking
from runicorn_site.web.serializers import Body


class FolderBody(Body):
    """A folder to watch."""

    path = serializers.CharField(
        max_length=4096, help_text="Folder on the machine of the server: absolute, or with a leading ~."
    )
    project = serializers.CharField(
        max_length=100, required=False, help_text="Project of all its runs; by default those of the trackers."
    )


# The folder may be on a network file system that does not respond.
@blocking
class WatchedFoldersView(APIView):
    """The watched folders."""

    @endpoint(
        scope=Scope.ADMIN,
        returns=list[responses.WatchedFolder],
        errors=(503,),
        operation_id="v2_watched_folders_list",
    )
    def get(self, request: Request) -> Response:
        """List the folders that are watched for the storage root in use, the oldest first."""
        return Response(services.current())

    @endpoint(
        scope=Scope.ADMIN, body=FolderBody, returns={201: responses.WatchedFolder}, errors=(400, 403, 503)
    )
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Import the runs of other trackers below a folder of this machine, and keep them up to date."""
        try:
            folder = services.add(body["path"], body.get("project", ""))
        except UnwatchableFolder as error:
            raise ValidationError({error.field: [error.sentence]}) from error
        return Response(folder, status=201)


@blocking
@route("DELETE", scope=Scope.ADMIN, returns=responses.RemovedFolder, errors=(404, 503))
def watched_folder_view(request: Request, key: str) -> Response:
    """Stop watching a folder; its runs stay."""
    services.remove(key)
    return Response(responses.RemovedFolder(ok=True))


watching_patterns = [
    path("v2/watched-folders", WatchedFoldersView.as_view(), name="v2-watched-folders"),
    path("v2/watched-folders/<str:key>", watched_folder_view, name="v2-watched-folder"),
]
