"""The addresses of the metrics, for the site to put under its prefixes."""

from __future__ import annotations

from django.urls import path

from metrics import api, api_experiment, api_v2, views

api_patterns = [
    path("runs/<str:run_id>/metrics", api.MetricsByTime.as_view(), name="api-metrics"),
    path("runs/<str:run_id>/metrics_step", api.MetricsByStep.as_view(), name="api-metrics-step"),
    path("runs/<str:run_id>/progress", api.Progress.as_view(), name="api-progress"),
    path("metrics/cache/stats", api.CacheStats.as_view(), name="api-cache-stats"),
]
v2_patterns = [
    path("experiments/<str:run_id>", api_experiment.ExperimentDetail.as_view(), name="v2-experiment"),
    path("series", api_v2.Overlay.as_view(), name="v2-overlay"),
    path("experiments/<str:run_id>/metrics/fast", api_v2.MetricsFast.as_view(), name="v2-metrics-fast"),
    path("experiments/<str:run_id>/series", api.ExperimentSeries.as_view(), name="v2-series"),
]
page_patterns = [
    path("compare", views.compare_page, name="compare"),
    path("series", api_v2.Overlay.as_view(), name="overlay"),
    path("runs/<str:run_id>/series", api.RunSeries.as_view(), name="run-series"),
]
