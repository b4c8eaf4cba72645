"""The API of artifacts and their versions."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from artifacts import services
from artifacts.api import downloads, responses, schemas
from artifacts.api.requests import (
    AliasBody,
    DeletionQuery,
    Description,
    LineageQuery,
    OfType,
    VersionsQuery,
)
from artifacts.index import discovery, usage_links
from artifacts.lineage import query as lineage
from artifacts.models import Artifact, Use
from runicorn_site.web.pools import blocking
from runicorn_site.web.schemas import PROBLEMS as RUN_PROBLEMS
from runicorn_site.web.schemas import Problem
from runicorn_site.web.streaming import AnyFormat
from runs.active_root import active_root
from runs.services.lookup import get_run

PROBLEMS = {**RUN_PROBLEMS, 409: Problem}


def asked(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query of a request.

    Raises:
        ValidationError: a parameter makes no sense.
    """
    query = kind(data=request.query_params)
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


def given(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body of a request.

    Raises:
        ValidationError: a field makes no sense, or is missing.
    """
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    found: dict[str, Any] = body.validated_data
    return found


# The first look at an artifact reads its manifests, of a hundred thousand files each; a large file is read once
# before a part of it is sent; and removing a version takes as long as the disk does.
@blocking
class StoreView(APIView):
    """A view of artifacts."""


class ArtifactList(StoreView):
    """The artifacts of the store."""

    @extend_schema(parameters=[OfType], responses={200: schemas.Item(many=True), 400: Problem})
    def get(self, request: Request) -> Response:
        """Artifacts, the last updated first; those without a version that is not deleted are left out."""
        query, root = asked(OfType, request), active_root()
        discovery.refresh_all(root)
        found = Artifact.objects.in_root(root).for_list(type=query.get("type") or None)
        return Response([responses.item(artifact) for artifact in found])


class ArtifactStatistics(StoreView):
    """Sums over all artifacts."""

    @extend_schema(responses={200: schemas.Statistics})
    def get(self, request: Request) -> Response:
        """How many there are, how large, and what storing equal files once saves."""
        return Response(services.statistics(active_root()))


class VersionList(StoreView):
    """The versions of an artifact."""

    @extend_schema(parameters=[VersionsQuery], responses={200: schemas.VersionItem(many=True), **PROBLEMS})
    def get(self, request: Request, name: str) -> Response:
        """Versions, ascending; deleted ones with `include_deleted`."""
        query = asked(VersionsQuery, request)
        artifact = services.get_artifact(name, query.get("type"))
        versions = artifact.versions.whole().order_by("number")
        if not query["include_deleted"]:
            versions = versions.live()
        return Response([responses.version_item(artifact, version) for version in versions])


class VersionDetail(StoreView):
    """One version."""

    @extend_schema(parameters=[OfType], responses={200: schemas.VersionDetail, **PROBLEMS})
    def get(self, request: Request, name: str, number: int) -> Response:
        """Everything about a version but its files; a deleted one too."""
        return Response(
            responses.detail(services.get_version(name, number, asked(OfType, request).get("type")))
        )

    @extend_schema(
        parameters=[OfType], request=Description, responses={200: schemas.VersionDetail, **PROBLEMS}
    )
    def patch(self, request: Request, name: str, number: int) -> Response:
        """Replace description, metadata or tags; what is not given stays."""
        version = services.get_version(name, number, asked(OfType, request).get("type"))
        return Response(responses.detail(services.describe(version=version, **given(Description, request))))

    @extend_schema(parameters=[DeletionQuery], responses={200: schemas.Done, **PROBLEMS})
    def delete(self, request: Request, name: str, number: int) -> Response:
        """Put a version into the recycle bin, or with `permanent` remove it and what no other version holds."""
        query = asked(DeletionQuery, request)
        version = services.get_version(name, number, query.get("type"))
        if query["permanent"]:
            freed = services.delete_for_good(version=version)
            message = f"Permanently deleted {name}:v{number} locally"
            return Response({"success": True, "message": message, "freed_bytes": freed})
        services.soft_delete(version=version)
        return Response({"success": True, "message": f"Soft deleted {name}:v{number} locally"})


class VersionRestore(StoreView):
    """A version on its way out of the recycle bin."""

    @extend_schema(parameters=[OfType], request=None, responses={200: schemas.VersionDetail, **PROBLEMS})
    def post(self, request: Request, name: str, number: int) -> Response:
        """Undo a deletion that was not permanent; the version as it is then."""
        version = services.get_version(name, number, asked(OfType, request).get("type"))
        return Response(responses.detail(services.restore(version=version)))


class VersionFiles(StoreView):
    """The files of a version."""

    @extend_schema(
        operation_id="artifacts_v_files_list", parameters=[OfType], responses={200: schemas.Files, **PROBLEMS}
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        """Its files by path, and what it refers to elsewhere."""
        return Response(
            responses.files(services.get_version(name, number, asked(OfType, request).get("type")))
        )


class VersionFile(StoreView):
    """One file of a version."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        parameters=[OfType],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            304: None,
            416: None,
            **PROBLEMS,
        },
    )
    def get(self, request: Request, name: str, number: int, path: str) -> HttpResponseBase:
        """The bytes, as an attachment; `ETag` is the digest, and a `Range` is served."""
        version = services.get_version(name, number, asked(OfType, request).get("type"))
        return downloads.file_of_version(request, version, path)


class VersionLineage(StoreView):
    """The lineage of a version."""

    @extend_schema(parameters=[LineageQuery], responses={200: schemas.Lineage, **PROBLEMS})
    def get(self, request: Request, name: str, number: int) -> Response:
        """What it was made from, and what was made from it, within `max_depth` edges in each direction."""
        query = asked(LineageQuery, request)
        version = services.get_version(name, number, query.get("type"))
        return Response(lineage.answer(version, lineage.of(version, query["max_depth"])))


class Alias(StoreView):
    """One alias of an artifact."""

    @extend_schema(parameters=[OfType], request=AliasBody, responses={200: schemas.Aliases, **PROBLEMS})
    def put(self, request: Request, name: str, alias: str) -> Response:
        """Let the alias mean a version from now on."""
        artifact = services.get_artifact(name, asked(OfType, request).get("type"))
        number = given(AliasBody, request)["version"]
        return _aliases(services.set_alias(artifact=artifact, alias=alias, number=number))

    @extend_schema(parameters=[OfType], responses={200: schemas.Aliases, **PROBLEMS})
    def delete(self, request: Request, name: str, alias: str) -> Response:
        """Let the alias mean nothing any more."""
        artifact = services.get_artifact(name, asked(OfType, request).get("type"))
        return _aliases(services.remove_alias(artifact=artifact, alias=alias))


def _aliases(artifact: Artifact) -> Response:
    return Response({"ok": True, "artifact": artifact.name, "aliases": artifact.aliases})


class RunArtifacts(StoreView):
    """The artifacts of a run."""

    @extend_schema(responses={200: schemas.ArtifactsOfRun, **RUN_PROBLEMS})
    def get(self, request: Request, run_id: str) -> Response:
        """The artifact versions that a run made and used, in the order of logging."""
        run = get_run(run_id)
        usage_links.catch_up(run)
        discovery.refresh_all(run.root)
        return Response({"created": responses.of_run(run, Use.MADE), "used": responses.of_run(run, Use.USED)})
