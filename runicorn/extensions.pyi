"""For type checkers, which do not know the search path of the package: `legacy/extensions.py`."""

from runicorn.alerts.monitors import AlertRule as AlertRule
from runicorn.alerts.monitors import AnomalyDetector as AnomalyDetector
from runicorn.alerts.monitors import MetricMonitor as MetricMonitor
from runicorn.alerts.monitors import create_monitor_callback as create_monitor_callback
from runicorn.capture.environment import EnvironmentCapture as EnvironmentCapture
from runicorn.capture.environment import EnvironmentInfo as EnvironmentInfo
from runicorn.capture.environment import capture_for_run as capture_for_run
from runicorn.legacy.experiments import ExperimentManager as ExperimentManager
from runicorn.legacy.experiments import ExperimentMetadata as ExperimentMetadata
from runicorn_tools.export.exporters import MetricsExporter as MetricsExporter
