"""URL patterns of the pages of runs."""

from __future__ import annotations

from django.urls import path

from runs.pages import project, project_list, recycle_bin
from runs.pages.diff import run_diff
from runs.pages.logged_table import run_table
from runs.pages.media import views as media
from runs.pages.neighbours import neighbours
from runs.pages.run import run_page
from runs.pages.table import actions, views
from runs.pages.table.filters import filter_menu
from runs.pages.table.picker import column_keys
from runs.pages.workspace.views import media_of_runs, panel

page_patterns = [
    path("", views.runs_table, name="runs"),
    path("delete-runs", views.delete_runs, name="delete-runs"),
    path("restore-runs", recycle_bin.restore_from_recycle_bin, name="restore-runs"),
    path("runs-change", actions.change_runs, name="change-runs"),
    path("runs-matching", actions.matching_ids, name="matching-ids"),
    path("runs-where", actions.complete_where, name="complete-where"),
    path("runs-filter", filter_menu, name="filter-menu"),
    path("runs-keys", column_keys, name="column-keys"),
    path("runs-columns", actions.remember_columns, name="remember-columns"),
    path("runs-view", actions.change_view, name="change-view"),
    path("runs-panel", panel, name="runs-panel"),
    path("runs-media", media_of_runs, name="media-grid"),
    path("recycle-bin", recycle_bin.recycle_bin, name="recycle-bin"),
    path("recycle-bin/empty", recycle_bin.empty_bin, name="empty-recycle-bin"),
    path("projects", project_list.project_list, name="projects"),
    path("projects/<str:project>", project.project_page, name="project"),
    path("projects/<str:project>/description", project.change_description, name="describe-project"),
    path("runs/<str:run_id>", run_page, name="run"),
    path("runs/<str:run_id>/neighbours", neighbours, name="run-neighbours"),
    path("runs/<str:run_id>/diff", run_diff, name="run-diff"),
    path("runs/<str:run_id>/table/<path:path>", run_table, name="run-table"),
    path("runs/<str:run_id>/document/<path:path>", media.document, name="run-document"),
    path("runs/<str:run_id>/preview/<path:path>", media.file_preview, name="run-preview"),
]
