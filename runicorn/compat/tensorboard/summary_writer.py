"""`SummaryWriter`: a run for each log directory."""

from __future__ import annotations

import functools
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runicorn.compat.forwarding.opening import open_mirror
from runicorn.compat.guard import guarded
from runicorn.compat.tensorboard.media_writer import MediaWriter
from runicorn.compat.unknown import warn_once
from runicorn.settings import user
from runicorn.store import layout
from runicorn.store.layout import RESERVED_METRICS
from runicorn.tracking.disabled import SilentRun
from runicorn.tracking.init import init
from runicorn.tracking.run import Run

METHODS = (
    *("add_scalar", "add_scalars", "add_text", "add_hparams", "add_histogram", "add_histogram_raw"),
    *("add_image", "add_images", "add_audio", "add_video", "add_pr_curve", "flush", "close"),
)
"""Methods that are passed on: not those of figures, meshes, graphs and embeddings, whose arguments are objects."""


def pass_on(writer: Any, options: Mapping[str, Any]) -> None:
    """Forward the method calls of a writer to a real one, if `RUNICORN_ALSO` names TensorBoard.

    Args:
        writer: our writer.
        options: arguments of the real one; those that are None or "" are left out.
    """
    also = open_mirror("tensorboard")
    if also is None:
        return
    also("init", id(writer), writer.log_dir, **{key: value for key, value in options.items() if value})
    for name in METHODS:
        setattr(writer, name, _both(also, writer, name))


def _both(also: Callable[..., None], writer: Any, name: str) -> Callable[..., Any]:
    ours = getattr(writer, name)

    @functools.wraps(ours)
    def both(*arguments: Any, **options: Any) -> Any:
        copies = [_picklable(value) for value in arguments]
        also("call", id(writer), name, copies, {key: _picklable(value) for key, value in options.items()})
        return ours(*arguments, **options)

    return both


def _picklable(value: Any) -> Any:
    """Return arrays and tensors as bytes with their shape; other values as they are."""
    if not hasattr(value, "shape") or value.shape == ():
        return value
    import numpy as np

    from runicorn.compat.forwarding.portable import Portable

    array = np.ascontiguousarray(value.detach().cpu() if hasattr(value, "detach") else value)
    fields = {"content": array.tobytes(), "dtype": array.dtype.str, "shape": list(array.shape)}
    return Portable("array", fields)


OTHER_LOGGERS = frozenset(
    ("wandb", "mlflow", "trackio", "ray.air.integrations.wandb", "ray.air.integrations.mlflow")
) | {"runicorn.integrations.ray"}
"""Modules by which a script of Ray Tune logs its trials here."""
_runs: dict[str, Run] = {}
"""The run of each log directory of this process: a writer that is opened again continues it."""


class SummaryWriter(MediaWriter):
    """Write scalars and media of TensorBoard to a run.

    The project is the name of the folder above the log directory, and the experiment is that of the directory. For
    `runs/…`, the default of TensorBoard, the project is the name of the folder above. After
    `wandb.init(sync_tensorboard=True)` the run of W&B is used.

    Attributes:
        log_dir, logdir: the directory; it is created, since scripts put files there.
    """

    _foreign_name = "SummaryWriter"

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        logdir: Any = None,
        **options: Any,
    ) -> None:
        folder = log_dir if log_dir is not None else logdir
        self.log_dir = os.fspath(folder) if folder else _default(comment)
        self.logdir, self.purge_step = self.log_dir, purge_step
        self.file_writer: FileWriter | None = FileWriter(self)
        self.all_writers: dict[str, Any] | None = {self.log_dir: self.file_writer}
        self._create_folder()
        shared = _run_of_wandb() or _run_of_other_logger(sys._getframe(1).f_globals.get("__name__", ""))
        self._is_shared = shared is not None
        self._run = shared or _begin(Path(self.log_dir))
        self._counts: Counter[str] = Counter()
        self._hparams: dict[str, Any] | None = None
        self._warn_of_purge()
        pass_on(self, {"purge_step": purge_step, "filename_suffix": filename_suffix})

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._is_shared:
            self._run.__exit__(kind, error, trace)

    def _create_folder(self) -> None:
        with guarded(f"the folder {self.log_dir}"):
            os.makedirs(self.log_dir, exist_ok=True)

    def _warn_of_purge(self) -> None:
        """Report points that `purge_step` would discard: records of a run are never removed."""
        step = self.purge_step
        if step is not None and self._run._next_step() > step:
            text = (
                f"SummaryWriter: the points from step {step} on that were logged before to run {self._run.id} stay, "
                "until their steps are logged again (purge_step)."
            )
            warn_once(f"purge_step {self.log_dir}", text)

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
        **options: Any,
    ) -> None:
        """Write a value; without `global_step` the values of a tag are counted from 0."""
        self._add({str(tag): scalar_value}, self._step(tag, global_step), walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write several values as `main_tag/tag`."""
        values = {f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}
        self._add(values, self._step(main_tag, global_step), walltime)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Any = None,
        run_name: str | None = None,
        global_step: Any = None,
        **options: Any,
    ) -> None:
        """Add hyperparameters to the config, and write their metrics.

        Other hyperparameters than those of an earlier call, or a `run_name`, belong to a run of their own.
        """
        settings, metrics = dict(hparam_dict), dict(metric_dict)
        if self._is_shared or not self._is_trial(settings, run_name):
            self._hparams = settings
            self._write_hparams(self._run, settings, metrics)
            if metrics:
                self._add(metrics, self._step("add_hparams", global_step), None)
            return
        name = f"{self._run.name}-{run_name}" if run_name else self._run.name
        with guarded("add_hparams"):
            run = init(
                self._run.project,
                layout.fit_name(name, layout.DEFAULT),
                capture_env=False,
                system_metrics=False,
                reinit="create",
            )
            self._write_hparams(run, settings, metrics)
            if metrics:
                run.log(_renamed(metrics), step=0 if global_step is None else int(global_step))
            run.finish()

    def _is_trial(self, settings: Mapping[str, Any], run_name: str | None) -> bool:
        """Return whether hyperparameters are not those of the run of the writer."""
        if run_name:
            return os.path.abspath(os.path.join(self.log_dir, run_name)) != os.path.abspath(self.log_dir)
        return self._hparams not in (None, settings)

    def _write_hparams(self, run: Run, settings: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
        with guarded("add_hparams"):
            run.config.update(settings)
            run.summary(metrics)

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None
    ) -> None:
        step = "" if global_step is None else f" (step {global_step})"
        self._run.log_text(f"{tag}{step}: {text_string}")

    def get_logdir(self) -> str:
        return self.log_dir

    def flush(self) -> None:
        """Do nothing: every record is written at once."""

    def close(self) -> None:
        """End the run, unless it is one of W&B."""
        if not self._is_shared:
            self._run.finish()

    def _get_file_writer(self) -> FileWriter:
        return FileWriter(self)

    def _add(self, values: Mapping[str, Any], step: int, walltime: float | None) -> None:
        renamed = _renamed(values)
        with guarded("a scalar"):
            if walltime is None:
                self._run.log(renamed, step=step)
            else:
                self._run.log_record(renamed, step, float(walltime))

    def _step(self, tag: str, step: Any) -> int:
        if step is not None:
            with guarded(f"the step of {tag}"):
                return int(step)
        self._counts[tag] += 1
        return self._counts[tag] - 1


class FileWriter:
    """The writer of a `SummaryWriter`; the summaries of Lightning contain hyperparameters."""

    def __init__(self, writer: Any = None, *arguments: Any, **options: Any) -> None:
        self._writer = writer

    def get_logdir(self) -> str:
        return str(getattr(self._writer, "log_dir", self._writer))

    def add_summary(self, summary: Any, global_step: Any = None, walltime: float | None = None) -> None:
        """Add hyperparameters to the config; other summaries are ignored."""
        if isinstance(summary, dict) and isinstance(self._writer, SummaryWriter):
            with guarded("hparams"):
                self._writer._run.config.update(summary.get("hparams", {}))

    def add_event(self, event: Any, step: Any = None, walltime: float | None = None) -> None:
        """Do nothing: events of TensorBoard's own are not stored."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class GlobalSummaryWriter(SummaryWriter):
    """The one writer of a process."""

    _writer: GlobalSummaryWriter | None = None

    @classmethod
    def getSummaryWriter(cls, *arguments: Any, **options: Any) -> GlobalSummaryWriter:
        """Return the writer, created by the first call."""
        if cls._writer is None:
            cls._writer = cls(*arguments, **options)
        return cls._writer


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"tensorboard/{key}" if key in RESERVED_METRICS else key: value for key, value in values.items()}


def _default(comment: str) -> str:
    return os.path.join("runs", f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}")


def _run_of_other_logger(caller: str) -> Run | None:
    """Return a run that writes nothing, for the writer that Ray Tune adds to a trial with another logger."""
    if not caller.startswith("ray.tune.logger") or OTHER_LOGGERS.isdisjoint(sys.modules):
        return None
    return SilentRun(user.storage_root(None), layout.DEFAULT, layout.DEFAULT, layout.new_run_id())


def _run_of_wandb() -> Run | None:
    """Return the run that `wandb.init(sync_tensorboard=True)` began, if it is open."""
    active = sys.modules.get("runicorn.compat.wandb.active")
    for run in reversed(active.open_runs if active else []):
        if run.syncs_tensorboard:
            ours: Run = run._run
            return ours
    return None


def _begin(log_dir: Path) -> Run:
    place = log_dir.absolute()
    previous = _runs.get(str(place))
    if previous is not None and previous.is_open():
        return previous
    above = [part for part in place.parts[1:-1] if part not in layout.SKIPPED_TOP]
    options: dict[str, Any] = {
        "project": layout.fit_name(above[-1] if above else "", "tensorboard"),
        "name": layout.fit_name(place.name, layout.DEFAULT),
    }
    if previous is not None:
        options |= {"run_id": previous.id, "resume": True}
    run = _runs[str(place)] = init(**options)
    return run
