"""URL patterns of samples, relative to the prefixes of the site."""

from __future__ import annotations

from django.urls import URLPattern, path

from samples.api import notes, views
from samples.pages import data, export, pages

api_patterns: list[URLPattern] = []
v2_patterns = [
    path("experiments/<str:run_id>/samples", views.sample_sets_view, name="v2-samples"),
    path("experiments/<str:run_id>/samples/<path:name>", views.sample_rows_view, name="v2-sample-rows"),
    path("experiments/<str:run_id>/sample-notes", notes.notes_view, name="v2-sample-notes"),
    path(
        "experiments/<str:run_id>/sample-notes/<path:name>", notes.NotesView.as_view(), name="v2-sample-note"
    ),
    path("samples/compare", views.compare_view, name="v2-samples-compare"),
]
page_patterns = [
    path("runs/<str:run_id>/samples", pages.samples_page, name="run-samples"),
    path("samples-compare", pages.compare_page, name="samples-compare"),
    path("samples-compare/data", views.compare_view, name="samples-compare-data"),
    path("runs/<str:run_id>/samples-data/sets", views.sample_sets_view, name="run-sample-sets"),
    path("runs/<str:run_id>/samples-data/rows/<path:name>", data.rows_view, name="run-sample-rows"),
    path("runs/<str:run_id>/samples-data/groups/<path:name>", data.groups_view, name="run-sample-groups"),
    path("runs/<str:run_id>/samples-data/summary/<path:name>", data.summary_view, name="run-sample-summary"),
    path("runs/<str:run_id>/samples-data/document/<path:name>", data.document_view, name="run-sample"),
    path("runs/<str:run_id>/samples-data/text/<path:name>", data.text_view, name="run-sample-text"),
    path("runs/<str:run_id>/samples-data/tokens/<path:name>", data.tokens_view, name="run-sample-tokens"),
    path(
        "runs/<str:run_id>/samples-data/notes/<path:name>",
        notes.RunNotesView.as_view(),
        name="run-sample-notes",
    ),
    path("runs/<str:run_id>/samples-data/export/<path:name>", export.export_view, name="run-sample-export"),
]
