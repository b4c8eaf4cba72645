"""Monitors, exporters, environment capture and the manager of runs, importable as in Runicorn 0.5."""

from __future__ import annotations

from runicorn.alerts.monitors import AlertRule, AnomalyDetector, MetricMonitor, create_monitor_callback
from runicorn.capture.environment import EnvironmentCapture, EnvironmentInfo, capture_for_run
from runicorn.extension_points import NAMES, load
from runicorn.legacy.experiments import ExperimentManager, ExperimentMetadata

__all__ = [
    "AlertRule",
    "AnomalyDetector",
    "EnvironmentCapture",
    "EnvironmentInfo",
    "ExperimentManager",
    "ExperimentMetadata",
    "MetricMonitor",
    "MetricsExporter",  # noqa: F822 (runicorn-django defines it)
    "capture_for_run",
    "create_monitor_callback",
]


def __getattr__(name: str) -> object:
    if name == "MetricsExporter":
        return load(NAMES, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
