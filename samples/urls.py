"""URL patterns of samples, relative to the prefixes of the site."""

from __future__ import annotations

from django.urls import URLPattern, path

from samples.api import views

api_patterns: list[URLPattern] = []
v2_patterns = [
    path("experiments/<str:run_id>/samples", views.sample_sets_view, name="v2-samples"),
    path("experiments/<str:run_id>/samples/<path:name>", views.sample_rows_view, name="v2-sample-rows"),
    path("samples/compare", views.compare_view, name="v2-samples-compare"),
]
page_patterns: list[URLPattern] = []
