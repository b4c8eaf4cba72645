"""The interface of `wandb`, whose runs are written here: `import runicorn.compat.wandb as wandb`."""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Iterable
from enum import Enum
from typing import Any

from runicorn.compat.config_view import ConfigView as Config
from runicorn.compat.empty_modules import resolve
from runicorn.compat.media import Media
from runicorn.compat.unknown import quiet, warn_once
from runicorn.compat.wandb import plot, util
from runicorn.compat.wandb.active import active_run, open_runs, require_run
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.data_types import Audio, Histogram, Html, Image, Molecule, Object3D, Plotly, Video
from runicorn.compat.wandb.errors import AuthenticationError, CommError, ConfigError, Error, UsageError
from runicorn.compat.wandb.plot import (
    bar,
    confusion_matrix,
    histogram,
    line,
    line_series,
    plot_table,
    pr_curve,
    roc_curve,
    scatter,
)
from runicorn.compat.wandb.public_api import Api
from runicorn.compat.wandb.settings import (
    CREATE_NEW,
    FINISH_PREVIOUS,
    RETURN_PREVIOUS,
    Settings,
    defaults,
    reinit_mode,
)
from runicorn.compat.wandb.sharing import reduced
from runicorn.compat.wandb.starting import start
from runicorn.compat.wandb.table import Table
from runicorn.compat.wandb.tracked_run import Run, RunDisabled
from runicorn.compat.wandb.util import generate_id
from runicorn.store.notices import say

__version__ = "0.31.0"
"""The version of W&B whose interface this is."""
__all__ = [
    "Api",
    "Artifact",
    "Audio",
    "AuthenticationError",
    "CommError",
    "Config",
    "ConfigError",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "RunDisabled",
    "Settings",
    "Table",
    "UsageError",
    "Video",
    "agent",
    "alert",
    "bar",
    "config",
    "confusion_matrix",
    "define_metric",
    "finish",
    "generate_id",
    "histogram",
    "init",
    "line",
    "line_series",
    "log",
    "log_artifact",
    "plot",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "run",
    "save",
    "scatter",
    "summary",
    "sweep",
    "use_artifact",
    "util",
    "watch",
]
SUBMODULES = frozenset(
    {
        "apis",
        "artifacts",
        "attrs",
        "beta",
        "cli",
        "data_types",
        "env",
        "errors",
        "integration",
        "internal",
        "keras",
    }
    | {"lib", "lightgbm", "old", "proto", "public", "runid", "sdk", "sklearn", "wandb_config", "wandb_init"}
    | {
        "wandb_run",
        "wandb_settings",
        "wandb_summary",
        "xgboost",
        "catboost",
        "fastai",
        "sb3",
        "sync",
        "wandb_login",
    }
)
"""Names of sub-modules of W&B; those without content here have the names of this module."""


copyreg.pickle(Run, reduced)
WBValue = BatchableMedia = Media
"""Base classes of `wandb.sdk.data_types`, by which libraries recognise media."""


class AlertLevel(Enum):
    """Levels of `wandb.alert`."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


ARGUMENTS = (
    *(
        "entity",
        "project",
        "id",
        "name",
        "notes",
        "tags",
        "config",
        "config_exclude_keys",
        "config_include_keys",
    ),
    *("group", "job_type", "mode", "resume", "resume_from", "fork_from", "allow_val_change"),
)
"""Arguments of `init` with a meaning here."""


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: Any = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Any = None,
    config: Any = None,
    config_exclude_keys: list[str] | None = None,
    config_include_keys: list[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    **other: Any,
) -> Run:
    """Begin a run, or return the active one.

    The storage root, `project`, `name`, `config`, `tags`, `notes` and `group` are those of `runicorn.init`. `entity`,
    `job_type` and `id` are kept in the config as `wandb.entity`, …, and `mode="disabled"` writes nothing. `resume` with
    `id` continues the run of that id. `fork_from` and `resume_from`, `ID?_step=N`, begin a run with the history of that
    run up to the step; the run itself stays as it is. Other arguments are reported and ignored.

    Args:
        reinit: while a run is active, "finish_previous" begins a new one after it (by default in notebooks),
            "return_previous" returns it (by default elsewhere), and "create_new" begins one beside it.

    Raises:
        UsageError: `resume` is "must" and the run does not exist, or "never" and it exists; or the run of `fork_from` or
            `resume_from` does not exist.
    """
    params = {**locals(), **other}
    _report(argument for argument in ("save_code", "monitor_gym", *other) if params[argument])
    active: Run | None = active_run()
    mode_again = reinit_mode(reinit, settings)
    if active is not None and mode_again == RETURN_PREVIOUS:
        text = "wandb.init returned the run that is active; its arguments are ignored. See reinit."
        warn_once("wandb.init again", text)
        return active
    for run in list(open_runs) if mode_again == FINISH_PREVIOUS else ():
        run.finish()
    arguments = {name: params[name] for name in ARGUMENTS}
    arguments["sync_tensorboard"] = sync_tensorboard or tensorboard
    started = start(arguments, settings)
    if active is not None and mode_again == CREATE_NEW:
        _keep_active(active)
    return started


def _report(arguments: Iterable[str]) -> None:
    for argument in arguments:
        text = f"wandb.init: the argument {argument} is not supported and does nothing."
        warn_once(f"wandb.init {argument}", text)


def _keep_active(run: Run) -> None:
    """Leave a run the one of `wandb.log` beside newer ones."""
    open_runs.remove(run)
    open_runs.append(run)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the active run, if there is one."""
    run = active_run()
    if run is not None:
        run.finish(exit_code)


join = finish


def log(data: Any, step: int | None = None, commit: bool | None = None, sync: bool | None = None) -> None:
    """`Run.log` of the active run.

    Raises:
        Error: no run was begun.
    """
    (open_runs[-1] if open_runs else require_run("wandb.log()")).log(data, step, commit)


def _of_active_run(name: str) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(require_run(f"wandb.{name}()"), name)(*arguments, **options)

    call.__name__ = name
    call.__doc__ = f"`Run.{name}` of the active run."
    return call


alert = _of_active_run("alert")
define_metric = _of_active_run("define_metric")
link_artifact = _of_active_run("link_artifact")
link_model = _of_active_run("link_model")
log_artifact = _of_active_run("log_artifact")
log_code = _of_active_run("log_code")
log_model = _of_active_run("log_model")
mark_preempting = _of_active_run("mark_preempting")
restore = _of_active_run("restore")
save = _of_active_run("save")
unwatch = _of_active_run("unwatch")
use_artifact = _of_active_run("use_artifact")
use_model = _of_active_run("use_model")
watch = _of_active_run("watch")


def login(*arguments: Any, **options: Any) -> bool:
    """Return True: nothing needs a login."""
    return True


def setup(settings: Any = None) -> Settings:
    """Set defaults of the settings of later runs, and return all."""
    defaults.update(settings)
    return defaults


def ensure_configured() -> None:
    """Do nothing."""


def termlog(string: str = "", newline: bool = True, repeat: bool = True, **options: Any) -> None:
    """Print a message to stderr."""
    say(str(string))


termwarn = termerror = termlog


def sweep(*arguments: Any, **options: Any) -> str:
    """`runicorn.compat.wandb.sweeps.agent.sweep`."""
    from runicorn.compat.wandb.sweeps import agent

    return agent.sweep(*arguments, **options)


def agent(*arguments: Any, **options: Any) -> None:
    """`runicorn.compat.wandb.sweeps.agent.agent`."""
    from runicorn.compat.wandb.sweeps import agent

    agent.agent(*arguments, **options)


def controller(*arguments: Any, **options: Any) -> Any:
    """Fail: `wandb.agent` chooses the values of a sweep itself.

    Raises:
        UsageError: always.
    """
    raise UsageError("wandb.controller is not supported: wandb.agent needs none")


require = quiet("require")
teardown = quiet("teardown")


def _attach(*arguments: Any, **options: Any) -> Run:
    """Return the active run, in a process or thread that did not begin it."""
    run: Run = require_run("wandb._attach()")
    return run


class _Missing:
    """`wandb.config` and `wandb.summary` before `wandb.init`."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def _fail(self, *arguments: Any, **options: Any) -> Any:
        raise Error(f"You must call wandb.init() before {self._name}")

    __getitem__ = __setitem__ = __setattr__ = update = setdefaults = keys = items = get = _fail

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._fail()


def __getattr__(name: str) -> Any:
    """Return the active run, its config or its summary, a module of W&B, or a function that warns once."""
    if name in ("run", "config", "summary"):
        active = active_run()
        if name == "run":
            return active
        return _Missing(f"wandb.{name}") if active is None else getattr(active, name)
    return resolve("wandb", sys.modules[__name__], name)
