"""The addresses of the runs, for the site to put under its prefixes."""

from __future__ import annotations

from django.urls import path

from runs import api, api_bin, api_files, api_uploads, api_v2, page_parts
from runs.page_urls import page_patterns as pages

api_patterns = [
    path("runs", api.RunList.as_view(), name="api-runs"),
    path("runs/tags", api.RunTags.as_view(), name="api-run-tags"),
    path("runs/soft-delete", api.SoftDeleteRuns.as_view(), name="api-soft-delete"),
    path("runs/<str:run_id>", api.RunDetail.as_view(), name="api-run"),
    path("runs/<str:run_id>/logs", api_files.RunLog.as_view(), name="api-run-logs"),
    path("runs/<str:run_id>/media", api_files.RunMediaList.as_view(), name="api-run-media"),
    path("runs/<str:run_id>/media/<path:path>", api_files.RunMediaFile.as_view(), name="api-run-media-file"),
    path("runs/<str:run_id>/files/<path:name>", api_uploads.RunFile.as_view(), name="api-run-file"),
    path("runs/<str:run_id>/heartbeat", api_uploads.RunHeartbeat.as_view(), name="api-run-heartbeat"),
    path("environment/<str:run_id>", api_files.RunEnvironment.as_view(), name="api-environment"),
    path("projects", api.Projects.as_view(), name="api-projects"),
    path("projects/<str:project>/names", api.ProjectNames.as_view(), name="api-project-names"),
    path(
        "projects/<str:project>/names/<path:name>/runs", api.ExperimentRuns.as_view(), name="api-experiment"
    ),
    path("recycle-bin", api_bin.RecycleBin.as_view(), name="api-recycle-bin"),
    path("recycle-bin/restore", api.RestoreRuns.as_view(), name="api-restore"),
    path("recycle-bin/empty", api_bin.EmptyRecycleBin.as_view(), name="api-empty-bin"),
    path("experiments/tag", api_bin.ExperimentTag.as_view(), name="api-experiment-tag"),
    path("experiments/search", api_bin.ExperimentsFound.as_view(), name="api-experiment-search"),
    path("experiments/delete", api_bin.DeletedExperiments.as_view(), name="api-experiment-delete"),
]
v2_patterns = [
    path("experiments", api_v2.ExperimentList.as_view(), name="v2-experiments"),
    path("analytics/summary", api_v2.AnalyticsSummary.as_view(), name="v2-summary"),
    path("experiments/batch-delete", api_v2.BatchDeletion.as_view(), name="v2-batch-delete"),
]
page_patterns = [
    *pages,
    path("runs/<str:run_id>/log", page_parts.LogPart.as_view(), name="run-log"),
    path("runs/<str:run_id>/media", page_parts.MediaPart.as_view(), name="run-media-list"),
    path("runs/<str:run_id>/histograms", page_parts.HistogramPart.as_view(), name="run-histograms"),
    path("runs/<str:run_id>/media/<path:path>", api_files.RunMediaFile.as_view(), name="run-media"),
]
