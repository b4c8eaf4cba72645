"""Runicorn: a self-hosted, local-first experiment tracker.

    import runicorn as rn

    with rn.init("vision", "resnet", config={"lr": 0.1}) as run:
        run.log({"loss": 0.5}, step=1)

Public names are imported on first use: the command line and the server need only some of them, and a script that never
calls `init` pays for nothing.
"""

from __future__ import annotations

import os

from runicorn._version import __version__
from runicorn.store import descriptor_reserve, fork_lock, pending_imports

# Not from `typing`, whose import takes as long as the rest of this package; type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runicorn.alerts.monitors import AlertRule, AnomalyDetector, MetricMonitor
    from runicorn.artifacts import Artifact, ArtifactError, ArtifactType
    from runicorn.capture.environment import EnvironmentCapture
    from runicorn.legacy.experiments import ExperimentManager, ExperimentMetadata
    from runicorn.legacy.workspace import get_config, get_effective_rnconfig, snapshot_workspace
    from runicorn.store.layout import InvalidName, InvalidRunId
    from runicorn.store.project.board_schema import InvalidBoard
    from runicorn.tracking.board import board
    from runicorn.tracking.config import Config
    from runicorn.tracking.init import RunExists, get_active_run, init
    from runicorn.tracking.module_api import (
        finish,
        log,
        log_artifact,
        log_audio,
        log_file,
        log_histogram,
        log_image,
        log_samples,
        log_table,
        log_text,
        log_video,
        set_primary_metric,
        summary,
        use_artifact,
    )
    from runicorn.tracking.notebook import notebook
    from runicorn.tracking.run import Run
    from runicorn.tracking.show import compare, show
    from runicorn.tracking.switch import enabled, is_enabled, reset_enabled, set_enabled

    MetricsExporter: type
    open_run: Callable[..., Any]
    runs: Callable[..., Any]

__all__ = [
    "AlertRule",
    "AnomalyDetector",
    "Artifact",
    "ArtifactError",
    "ArtifactType",
    "Config",
    "EnvironmentCapture",
    "ExperimentManager",
    "ExperimentMetadata",
    "InvalidBoard",
    "InvalidName",
    "InvalidRunId",
    "MetricMonitor",
    "MetricsExporter",
    "Run",
    "RunExists",
    "__version__",
    "board",
    "compare",
    "enabled",
    "finish",
    "get_active_run",
    "get_config",
    "get_effective_rnconfig",
    "init",
    "is_enabled",
    "log",
    "log_artifact",
    "log_audio",
    "log_file",
    "log_histogram",
    "log_image",
    "log_samples",
    "log_table",
    "log_text",
    "log_video",
    "notebook",
    "open_run",
    "reset_enabled",
    "runs",
    "set_enabled",
    "set_primary_metric",
    "show",
    "snapshot_workspace",
    "summary",
    "use_artifact",
]

_HOMES = {
    "legacy.experiments": ("ExperimentManager", "ExperimentMetadata"),
    "legacy.workspace": ("get_config", "get_effective_rnconfig", "snapshot_workspace"),
    "artifacts": ("Artifact", "ArtifactError", "ArtifactType"),
    "tracking.config": ("Config",),
    "capture.environment": ("EnvironmentCapture",),
    "store.project.board_schema": ("InvalidBoard",),
    "store.layout": ("InvalidName", "InvalidRunId"),
    "alerts.monitors": ("AlertRule", "AnomalyDetector", "MetricMonitor"),
    "tracking.board": ("board",),
    "tracking.notebook": ("notebook",),
    "tracking.show": ("compare", "show"),
    "tracking.run": ("Run",),
    "tracking.init": ("RunExists", "get_active_run", "init"),
    "tracking.switch": ("enabled", "is_enabled", "reset_enabled", "set_enabled"),
    "tracking.module_api": (
        "finish",
        "log",
        "log_artifact",
        "log_audio",
        "log_file",
        "log_histogram",
        "log_image",
        "log_samples",
        "log_table",
        "log_text",
        "log_video",
        "set_primary_metric",
        "summary",
        "use_artifact",
    ),
}

_PROVIDED = ("MetricsExporter", "open_run", "runs")
"""Names that runicorn-django defines."""


def _provided(name: str) -> object:
    def find() -> object:
        from runicorn.extension_points import NAMES, load

        return load(NAMES, name)

    with fork_lock.lock():
        return descriptor_reserve.attempt(find)


# Hidden from type checkers, which accept any name of a module with a `__getattr__`.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import and cache the module that defines a public name."""
        for home, names in _HOMES.items():
            if name in names:
                value: object = getattr(descriptor_reserve.load(f"runicorn.{home}"), name)
                globals()[name] = value
                return value
        if name in _PROVIDED:
            value = globals()[name] = _provided(name)
            return value
        raise AttributeError(f"module 'runicorn' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return __all__


# Import paths of 0.5, such as `runicorn.sdk`.
__path__.append(os.path.join(__path__[0], "legacy"))
pending_imports.register(
    lambda root: descriptor_reserve.load("runicorn.artifacts.import_commit").finish(root)
)
