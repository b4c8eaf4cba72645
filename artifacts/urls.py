"""The addresses of the artifacts, for the site to put under its prefixes."""

from __future__ import annotations

from typing import Any

from django.urls import path

from artifacts import api, api_life, api_uploads
from artifacts.page_urls import page_patterns as pages

VERSION = "artifacts/<str:name>/v<int:number>"

api_patterns = [
    path("artifacts", api.ArtifactList.as_view(), name="api-artifacts"),
    path("artifacts/stats", api.ArtifactStatistics.as_view(), name="api-artifact-stats"),
    path("artifacts/uploads", api_uploads.Uploads.as_view(), name="api-uploads"),
    path("artifacts/<str:name>/versions", api.VersionList.as_view(), name="api-versions"),
    path(VERSION, api.VersionDetail.as_view(), name="api-version"),
    path(f"{VERSION}/files", api.VersionFiles.as_view(), name="api-version-files"),
    path(f"{VERSION}/files/<path:path>", api.VersionFile.as_view(), name="api-version-file"),
    path(f"{VERSION}/lineage", api.VersionLineage.as_view(), name="api-lineage"),
    path(f"{VERSION}/restore", api.VersionRestore.as_view(), name="api-version-restore"),
    path(f"{VERSION}/promote", api_life.Promote.as_view(), name="api-promote"),
    path(f"{VERSION}/evaluate", api_life.Evaluate.as_view(), name="api-evaluate"),
    path("artifacts/<str:name>/aliases/<str:alias>", api.Alias.as_view(), name="api-alias"),
    path("artifacts/<str:name>/evaluations", api_life.Evaluations.as_view(), name="api-evaluations"),
    path(
        "artifacts/<str:name>/training-metrics",
        api_life.TrainingMetrics.as_view(),
        name="api-training-metrics",
    ),
    path(
        "artifacts/<str:name>/performance-history",
        api_life.PerformanceHistory.as_view(),
        name="api-performance-history",
    ),
    path("runs/<str:run_id>/artifacts", api.RunArtifacts.as_view(), name="api-run-artifacts"),
    # Behind those of artifacts, one of which may be called "uploads".
    path("artifacts/uploads/<str:upload_id>", api_uploads.UploadState.as_view(), name="api-upload"),
    path(
        "artifacts/uploads/<str:upload_id>/files", api_uploads.UploadFiles.as_view(), name="api-upload-files"
    ),
    path(
        "artifacts/uploads/<str:upload_id>/contents",
        api_uploads.UploadContents.as_view(),
        name="api-upload-contents",
    ),
    path(
        "artifacts/uploads/<str:upload_id>/parts", api_uploads.UploadParts.as_view(), name="api-upload-parts"
    ),
    path(
        "artifacts/uploads/<str:upload_id>/complete",
        api_uploads.UploadCompletion.as_view(),
        name="api-upload-completion",
    ),
]
v2_patterns: list[Any] = []
page_patterns = pages
