"""Routes of artifacts and their versions."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import downloads
from artifacts.api.requests import AliasBody, DeletionQuery, LineageQuery, OfType, VersionEdit, VersionsQuery
from artifacts.api.responses import uses_of_run, version_files
from artifacts.index import discovery, usage_links
from artifacts.lineage.query import follow, lineage_response
from artifacts.models import Artifact, Use
from artifacts.services import curation, lookup, statistics
from runicorn.api.responses import artifacts as responses
from runicorn_site.web.access import Scope
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.pools import blocking
from runicorn_site.web.streaming import AnyFormat
from runs.active_root import active_root
from runs.services.lookup import get_run

RUN_ERRORS = (400, 403, 404)
ERRORS = (*RUN_ERRORS, 409)


# The first request for an artifact reads its manifests of up to a hundred thousand files, a large file is verified
# before a part of it is sent, and removing a version takes as long as the disk does.
@blocking
class StoreView(APIView):
    """A view of artifacts."""


@conditional(looks=False)
class ArtifactList(StoreView):
    """The artifacts of the store."""

    @endpoint(scope=Scope.READ, query=OfType, returns=list[responses.Artifact], errors=(400,))
    def get(self, request: Request, query: dict[str, Any]) -> Response:
        """List artifacts, the last updated first, without those whose versions are all deleted."""
        root = active_root()
        discovery.refresh_all(root)
        artifacts = Artifact.objects.in_root(root).for_list(type=query.get("type") or None)
        return Response([lookup.readable(artifact).to_dict() for artifact in artifacts])


class ArtifactStatistics(StoreView):
    """Statistics over all artifacts."""

    @endpoint(scope=Scope.READ, returns=responses.StoreStatistics)
    def get(self, request: Request) -> Response:
        """Return the number and size of the artifacts, and the bytes saved by deduplication."""
        return Response(statistics.statistics(active_root()))


@conditional(looks=False)
class VersionList(StoreView):
    """The versions of an artifact."""

    @endpoint(scope=Scope.READ, query=VersionsQuery, returns=list[responses.ArtifactVersion], errors=ERRORS)
    def get(self, request: Request, name: str, query: dict[str, Any]) -> Response:
        """List versions in ascending order, deleted ones with `include_deleted`."""
        artifact = lookup.get_artifact(name, query.get("type"))
        versions = artifact.versions.indexed().order_by("number")
        if not query["include_deleted"]:
            versions = versions.live()
        return Response([version.to_dict() for version in versions])


class VersionDetail(StoreView):
    """One version."""

    @endpoint(scope=Scope.READ, query=OfType, returns=responses.ArtifactDetail, errors=ERRORS)
    def get(self, request: Request, name: str, number: int, query: dict[str, Any]) -> Response:
        """Get everything about a version except its files; deleted ones too."""
        return Response(lookup.get_version(name, number, query.get("type")).to_detail())

    @endpoint(
        scope=Scope.CURATE, query=OfType, body=VersionEdit, returns=responses.ArtifactDetail, errors=ERRORS
    )
    def patch(
        self, request: Request, name: str, number: int, query: dict[str, Any], body: dict[str, Any]
    ) -> Response:
        """Replace description, metadata or tags; missing fields keep their value."""
        version = lookup.get_version(name, number, query.get("type"))
        return Response(curation.describe(version=version, **body).to_detail())

    @endpoint(scope=Scope.CURATE, query=DeletionQuery, returns=responses.DeletedVersion, errors=ERRORS)
    def delete(self, request: Request, name: str, number: int, query: dict[str, Any]) -> Response:
        """Move a version to the recycle bin, or with `permanent` delete it and all contents that no other version needs."""
        version = lookup.get_version(name, number, query.get("type"))
        if query["permanent"]:
            freed = curation.delete_for_good(version=version)
            message = f"Permanently deleted {name}:v{number} locally"
            return Response(responses.DeletedVersion(success=True, message=message, freed_bytes=freed))
        curation.soft_delete(version=version)
        return Response(
            responses.DeletedVersion(success=True, message=f"Soft deleted {name}:v{number} locally")
        )


class VersionRestore(StoreView):
    """The restoration of a deleted version."""

    @endpoint(scope=Scope.CURATE, query=OfType, request=None, returns=responses.ArtifactDetail, errors=ERRORS)
    def post(self, request: Request, name: str, number: int, query: dict[str, Any]) -> Response:
        """Restore a version that was not deleted permanently, and return it."""
        version = lookup.get_version(name, number, query.get("type"))
        return Response(curation.restore(version=version).to_detail())


class VersionFiles(StoreView):
    """The files of a version."""

    @endpoint(
        scope=Scope.READ,
        query=OfType,
        returns=responses.ArtifactFiles,
        errors=ERRORS,
        operation_id="artifacts_v_files_list",
    )
    def get(self, request: Request, name: str, number: int, query: dict[str, Any]) -> Response:
        """List the files of a version by path, and its references."""
        return Response(version_files(lookup.get_version(name, number, query.get("type"))))


class VersionFile(StoreView):
    """One file of a version."""

    content_negotiation_class = AnyFormat

    @endpoint(
        scope=Scope.READ,
        query=OfType,
        returns={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            302: None,
            304: None,
            416: None,
        },
        errors=ERRORS,
    )
    def get(
        self, request: Request, name: str, number: int, path: str, query: dict[str, Any]
    ) -> HttpResponseBase:
        """Get the bytes as an attachment; `ETag` is the digest, and a `Range` is honoured.

        302 leads to the bucket with the file, on a server with presigned downloads.
        """
        version = lookup.get_version(name, number, query.get("type"))
        return downloads.file_of_version(request, version, path)


class VersionLineage(StoreView):
    """The lineage of a version."""

    @endpoint(scope=Scope.READ, query=LineageQuery, returns=responses.Lineage, errors=ERRORS)
    def get(self, request: Request, name: str, number: int, query: dict[str, Any]) -> Response:
        """Return the ancestors and descendants of a version within `max_depth` edges in each direction."""
        version = lookup.get_version(name, number, query.get("type"))
        return Response(lineage_response(version, follow(version, query["max_depth"])))


class Alias(StoreView):
    """One alias of an artifact."""

    @endpoint(scope=Scope.CURATE, query=OfType, body=AliasBody, returns=responses.Aliases, errors=ERRORS)
    def put(
        self, request: Request, name: str, alias: str, query: dict[str, Any], body: dict[str, Any]
    ) -> Response:
        """Set the alias to a version."""
        artifact = lookup.get_artifact(name, query.get("type"))
        number = body["version"]
        return _aliases(curation.set_alias(artifact=artifact, alias=alias, number=number))

    @endpoint(scope=Scope.CURATE, query=OfType, returns=responses.Aliases, errors=ERRORS)
    def delete(self, request: Request, name: str, alias: str, query: dict[str, Any]) -> Response:
        """Remove the alias."""
        artifact = lookup.get_artifact(name, query.get("type"))
        return _aliases(curation.remove_alias(artifact=artifact, alias=alias))


def _aliases(artifact: Artifact) -> Response:
    return Response(responses.Aliases(ok=True, artifact=artifact.name, aliases=artifact.aliases))


class RunArtifacts(StoreView):
    """The artifacts of a run."""

    @endpoint(scope=Scope.READ, returns=responses.ArtifactsOfRun, errors=RUN_ERRORS)
    def get(self, request: Request, run_id: str) -> Response:
        """List the artifact versions that a run made and used, in the order of logging."""
        run = get_run(run_id)
        usage_links.catch_up(run)
        discovery.refresh_all(run.root)
        created, inputs = (uses_of_run(run, kind) for kind in (Use.MADE, Use.USED))
        return Response(responses.ArtifactsOfRun(created=created, used=inputs))
