"""The interface of `trackio`, whose runs are written here: `import runicorn.compat.trackio as trackio`."""

from __future__ import annotations

import contextvars
import sys
from types import SimpleNamespace
from typing import Any

from runicorn.compat.config_view import ConfigView as Config
from runicorn.compat.empty_modules import resolve
from runicorn.compat.trackio.artifact import Artifact
from runicorn.compat.trackio.public_api import Api
from runicorn.compat.trackio.saving import save
from runicorn.compat.trackio.tracked_run import Run, active_run, open_runs, require_run, start
from runicorn.compat.trackio.values import (
    Audio,
    Histogram,
    Html,
    Image,
    Markdown,
    Object3D,
    Table,
    Trace,
    Video,
)
from runicorn.compat.unknown import quiet
from runicorn.compat.wandb.data_types import Molecule, Plotly
from runicorn.compat.wandb.settings import Settings
from runicorn.newer_python import StrEnum

__version__ = "0.43.0"
"""The version of Trackio whose interface this is."""
__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Config",
    "Histogram",
    "Html",
    "Image",
    "Markdown",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Table",
    "Trace",
    "Video",
    "active_run",
    "alert",
    "config",
    "finish",
    "init",
    "log",
    "log_artifact",
    "log_system",
    "open_runs",
    "save",
    "use_artifact",
]
SUBMODULES = frozenset({"alerts", "artifact", "context_vars", "media", "run", "table", "utils", "trace"})
"""Names of sub-modules of Trackio; those without content here have the names of this module."""
current_project: contextvars.ContextVar[str | None] = contextvars.ContextVar("current_project", default=None)
context_vars = SimpleNamespace(
    current_project=current_project,
    current_space_id=contextvars.ContextVar("current_space_id", default=None),
    current_server=contextvars.ContextVar("current_server", default=None),
)
freeze = quiet("freeze")
show = quiet("show")
sync = quiet("sync")


class AlertLevel(StrEnum):
    """Levels of `trackio.alert`."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


def init(
    project: str,
    name: str | None = None,
    group: str | None = None,
    space_id: str | None = None,
    server_url: str | None = None,
    dataset_id: str | None = None,
    bucket_id: str | None = None,
    config: Any = None,
    resume: str = "never",
    settings: Any = None,
    **other: Any,
) -> Run:
    """Begin a run; nothing is sent to a Space.

    Args:
        project, name, group, config: as for `runicorn.init`.
        space_id, server_url, dataset_id, bucket_id, settings, other: ignored.
        resume: "must" or "allow" continues the newest run of that name in the project.

    Raises:
        ValueError: `resume` is "must" and there is no run of that name.
    """
    space = {"space_id": space_id, "server_url": server_url, "dataset_id": dataset_id, "bucket_id": bucket_id}
    run = start(project, name, group, config, resume, **space, **other)
    current_project.set(project)
    return run


def finish() -> None:
    """End the active run, if there is one."""
    if (run := active_run()) is not None:
        run.finish()


def log(metrics: dict[str, Any], step: int | None = None) -> None:
    """`Run.log` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    require_run().log(metrics, step)


def _of_active_run(name: str) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(require_run(), name)(*arguments, **options)

    call.__name__ = name
    call.__doc__ = f"`Run.{name}` of the active run."
    return call


alert = _of_active_run("alert")
log_artifact = _of_active_run("log_artifact")
log_cpu = quiet("log_cpu")
log_gpu = quiet("log_gpu")
log_system = _of_active_run("log_system")
use_artifact = _of_active_run("use_artifact")


def __getattr__(name: str) -> Any:
    """Return the config of the active run, a module of Trackio, or a function that warns once."""
    if name == "config":
        return require_run().config
    return resolve("trackio", sys.modules[__name__], name)
