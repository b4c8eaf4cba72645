"""URL patterns of artifacts, relative to the prefixes of the site."""

from __future__ import annotations

from typing import Any

from django.urls import path

from artifacts.api import artifacts, stages, uploads
from artifacts.pages.urls import page_patterns as pages

VERSION = "artifacts/<str:name>/v<int:number>"

api_patterns = [
    path("artifacts", artifacts.ArtifactList.as_view(), name="api-artifacts"),
    path("artifacts/stats", artifacts.ArtifactStatistics.as_view(), name="api-artifact-stats"),
    path("artifacts/uploads", uploads.Uploads.as_view(), name="api-uploads"),
    path("artifacts/<str:name>/versions", artifacts.VersionList.as_view(), name="api-versions"),
    path(VERSION, artifacts.VersionDetail.as_view(), name="api-version"),
    path(f"{VERSION}/files", artifacts.VersionFiles.as_view(), name="api-version-files"),
    path(f"{VERSION}/files/<path:path>", artifacts.VersionFile.as_view(), name="api-version-file"),
    path(f"{VERSION}/lineage", artifacts.VersionLineage.as_view(), name="api-lineage"),
    path(f"{VERSION}/restore", artifacts.VersionRestore.as_view(), name="api-version-restore"),
    path(f"{VERSION}/promote", stages.Promote.as_view(), name="api-promote"),
    path(f"{VERSION}/evaluate", stages.Evaluate.as_view(), name="api-evaluate"),
    path("artifacts/<str:name>/aliases/<str:alias>", artifacts.Alias.as_view(), name="api-alias"),
    path("artifacts/<str:name>/evaluations", stages.Evaluations.as_view(), name="api-evaluations"),
    path(
        "artifacts/<str:name>/training-metrics", stages.TrainingMetrics.as_view(), name="api-training-metrics"
    ),
    path(
        "artifacts/<str:name>/performance-history",
        stages.PerformanceHistory.as_view(),
        name="api-performance-history",
    ),
    path("runs/<str:run_id>/artifacts", artifacts.RunArtifacts.as_view(), name="api-run-artifacts"),
    # Behind those of artifacts, one of which may be called "uploads".
    path("artifacts/uploads/<str:upload_id>", uploads.UploadState.as_view(), name="api-upload"),
    path("artifacts/uploads/<str:upload_id>/files", uploads.UploadFiles.as_view(), name="api-upload-files"),
    path(
        "artifacts/uploads/<str:upload_id>/contents",
        uploads.UploadContents.as_view(),
        name="api-upload-contents",
    ),
    path("artifacts/uploads/<str:upload_id>/parts", uploads.UploadParts.as_view(), name="api-upload-parts"),
    path(
        "artifacts/uploads/<str:upload_id>/complete",
        uploads.UploadCompletion.as_view(),
        name="api-upload-completion",
    ),
]
v2_patterns: list[Any] = []
page_patterns = pages
