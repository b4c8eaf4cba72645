"""URL patterns of metrics, relative to the prefixes of the site."""

from __future__ import annotations

from django.urls import path

from metrics.api import analysis, differences, distribution, experiment, formulas, metrics, v2
from metrics.pages import differences as difference_pages
from metrics.pages import distribution as distribution_pages
from metrics.pages import verdicts, views
from metrics.pages.groups import views as groups

api_patterns = [
    path("runs/<str:run_id>/metrics", metrics.metrics_by_time, name="api-metrics"),
    path("runs/<str:run_id>/metrics_step", metrics.metrics_by_step, name="api-metrics-step"),
    path("runs/<str:run_id>/progress", metrics.progress_view, name="api-progress"),
    path("metrics/cache/stats", metrics.cache_stats, name="api-cache-stats"),
]
v2_patterns = [
    path("experiments/<str:run_id>", experiment.experiment_detail, name="v2-experiment"),
    path("series", v2.overlay_view, name="v2-overlay"),
    path("series/distribution", distribution.distribution_view, name="v2-distribution"),
    path("differ", differences.differ_view, name="v2-differ"),
    path("nearest", differences.nearest_view, name="v2-nearest"),
    path("experiments/<str:run_id>/sources", differences.source_tree_view, name="v2-sources"),
    path("experiments/<str:run_id>/sources/file", differences.source_file_view, name="v2-source-file"),
    path("groups", analysis.group_view, name="v2-groups"),
    path("verdict", analysis.verdict_view, name="v2-verdict"),
    path("replicas", analysis.replica_view, name="v2-replicas"),
    path("importance", analysis.importance_view, name="v2-importance"),
    path("projects/<str:project>/formulas", formulas.FormulaListView.as_view(), name="v2-formulas"),
    path("projects/<str:project>/formulas/<path:name>", formulas.FormulaView.as_view(), name="v2-formula"),
    path("projects/<str:project>/baseline", analysis.BaselineView.as_view(), name="v2-baseline"),
    path(
        "projects/<str:project>/replica-rules", analysis.ReplicaRulesView.as_view(), name="v2-replica-rules"
    ),
    path("experiments/<str:run_id>/metrics/fast", v2.metrics_fast, name="v2-metrics-fast"),
    path("experiments/<str:run_id>/series", metrics.experiment_series, name="v2-series"),
]
page_patterns = [
    path("projects/<str:project>/groups", groups.groups_page, name="project-groups"),
    path("projects/<str:project>/change-baseline", groups.change_baseline, name="change-baseline"),
    path("projects/<str:project>/add-formula", groups.add_formula, name="add-formula"),
    path("projects/<str:project>/delete-formula", groups.delete_formula, name="delete-formula"),
    path("compare", views.compare_page, name="compare"),
    path("compare/differ", difference_pages.difference_page, name="difference"),
    path("runs/<str:run_id>/changed", difference_pages.changed_card, name="run-changed"),
    path("runs/<str:run_id>/nearest", difference_pages.nearest_page, name="run-nearest"),
    path("runs/<str:run_id>/sources", difference_pages.sources_page, name="run-sources"),
    path("series", v2.overlay_view, name="overlay"),
    path("series/distribution", distribution_pages.listed_distribution, name="distribution"),
    path("series/verdicts", verdicts.chart_verdicts, name="verdicts"),
    path("runs/<str:run_id>/baseline", verdicts.beside_baseline, name="run-baseline"),
    path("runs/<str:run_id>/series", metrics.run_series, name="run-series"),
]
