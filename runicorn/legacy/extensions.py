"""Monitors, exporters and environment capture, importable as in Runicorn 0.5."""

from __future__ import annotations

from runicorn.alerts.monitors import AlertRule, AnomalyDetector, MetricMonitor, create_monitor_callback
from runicorn.capture.environment import EnvironmentCapture, EnvironmentInfo, capture_for_run
from runicorn_tools.export.exporters import MetricsExporter

__all__ = [
    "AlertRule",
    "AnomalyDetector",
    "EnvironmentCapture",
    "EnvironmentInfo",
    "MetricMonitor",
    "MetricsExporter",
    "capture_for_run",
    "create_monitor_callback",
]
