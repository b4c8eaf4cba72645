"""URL patterns of runs, which the site includes under its prefixes."""

from __future__ import annotations

from django.urls import URLPattern, path

from runicorn.store.project.documents import FOLDERS
from runs.api import boards, documents, files, recycle_bin, runs, uploads, v2
from runs.pages import run_fragments
from runs.pages.media.views import MediaFileView
from runs.pages.urls import page_patterns as pages


def _of_documents(prefix: str, names: str) -> list[URLPattern]:
    """Return the routes of the documents of both folders of a project."""
    patterns = []
    for folder in FOLDERS:
        base, kwargs = f"projects/<str:project>/{prefix}{folder}", {"folder": folder}
        patterns += [
            path(base, documents.DocumentListView.as_view(), kwargs, name=f"{names}{folder}"),
            path(
                f"{base}/<str:name>",
                documents.DocumentView.as_view(),
                kwargs,
                name=f"{names}{folder}-document",
            ),
            path(
                f"{base}/<str:name>/append",
                documents.DocumentAppendView.as_view(),
                kwargs,
                name=f"{names}{folder}-append",
            ),
        ]
    return patterns


api_patterns = [
    path("runs", runs.run_list_view, name="api-runs"),
    path("runs/tags", runs.run_tags_view, name="api-run-tags"),
    path("runs/move", runs.move_runs_view, name="api-run-move"),
    path("runs/soft-delete", runs.soft_delete_view, name="api-soft-delete"),
    path("runs/<str:run_id>", runs.RunDetailView.as_view(), name="api-run"),
    path("runs/<str:run_id>/logs", files.RunLogView.as_view(), name="api-run-logs"),
    path("runs/<str:run_id>/media", files.run_media_list_view, name="api-run-media"),
    path("runs/<str:run_id>/media/<path:path>", files.RunMediaFileView.as_view(), name="api-run-media-file"),
    path("runs/<str:run_id>/files/<path:name>", uploads.RunFileView.as_view(), name="api-run-file"),
    path("runs/<str:run_id>/heartbeat", uploads.RunHeartbeatView.as_view(), name="api-run-heartbeat"),
    path("environment/<str:run_id>", files.run_environment_view, name="api-environment"),
    path("projects", runs.project_list_view, name="api-projects"),
    path("projects/<str:project>/names", runs.experiment_names_view, name="api-project-names"),
    path(
        "projects/<str:project>/names/<path:name>/runs",
        runs.experiment_runs_view,
        name="api-experiment",
    ),
    path("recycle-bin", recycle_bin.recycle_bin_view, name="api-recycle-bin"),
    path("recycle-bin/restore", runs.restore_view, name="api-restore"),
    path("recycle-bin/empty", recycle_bin.empty_recycle_bin_view, name="api-empty-bin"),
    path("experiments/tag", recycle_bin.experiment_tag_view, name="api-experiment-tag"),
    path("experiments/search", recycle_bin.experiment_search_view, name="api-experiment-search"),
    path("experiments/delete", recycle_bin.delete_experiments_view, name="api-experiment-delete"),
]
v2_patterns = [
    path("experiments", v2.experiment_list_view, name="v2-experiments"),
    path("where", v2.where_completion_view, name="v2-where"),
    path("analytics/summary", v2.analytics_summary_view, name="v2-summary"),
    path("projects/<str:project>/boards", boards.board_list_view, name="v2-boards"),
    path("projects/<str:project>/boards/<str:name>", boards.BoardView.as_view(), name="v2-board"),
    *_of_documents("", "v2-"),
    path("experiments/batch-delete", v2.batch_delete_view, name="v2-batch-delete"),
]
page_patterns = [
    *pages,
    path("where", v2.where_completion_view, name="where"),
    path("projects/<str:project>/boards", boards.board_list_view, name="boards"),
    path("projects/<str:project>/boards/<str:name>", boards.BoardView.as_view(), name="board"),
    *_of_documents("files/", "files-"),
    path("runs/<str:run_id>/log", run_fragments.log_blocks_view, name="run-log"),
    path("runs/<str:run_id>/media", run_fragments.media_view, name="run-media-list"),
    path("runs/<str:run_id>/histograms", run_fragments.histograms_view, name="run-histograms"),
    path("runs/<str:run_id>/media/<path:path>", MediaFileView.as_view(), name="run-media"),
]
