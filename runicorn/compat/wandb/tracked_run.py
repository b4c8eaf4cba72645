"""`wandb.Run`: a run of W&B whose data are written to a run of ours."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from runicorn.compat.alerts import raise_alert
from runicorn.compat.config_view import ConfigView
from runicorn.compat.forwarding.opening import close_mirrors
from runicorn.compat.guard import guarded
from runicorn.compat.labels import set_labels
from runicorn.compat.unknown import UnknownMethods, accepted, quiet, warn_once
from runicorn.compat.wandb.active import open_runs
from runicorn.compat.wandb.errors import TrialStopped
from runicorn.compat.wandb.flat_records import is_plain, separate
from runicorn.compat.wandb.metric_rules import MetricRules, Rule
from runicorn.compat.wandb.run_artifacts import RunArtifacts
from runicorn.compat.wandb.run_files import RunFiles
from runicorn.compat.wandb.settings import Settings
from runicorn.compat.wandb.summary_view import SummaryView
from runicorn.compat.wandb.watching import Watching
from runicorn.store import layout
from runicorn.store.metric_rules import SUMMARIES
from runicorn.store.state.transitions import ending_by_code
from runicorn.tracking.exit import hooks
from runicorn.tracking.run import Run as OurRun

if TYPE_CHECKING:
    from runicorn.compat.wandb.branching import History
    from runicorn.compat.wandb.sweeps.trials import Trial


class Run(RunArtifacts, RunFiles, UnknownMethods):
    """A run of W&B.

    Attributes:
        config, summary, settings: as in W&B.
        entity, job_type: fields that we keep in the config.
        resumed: whether an earlier run is continued.
        syncs_tensorboard: whether the scalars of `SummaryWriter` belong to this run.
    """

    _foreign_name = "wandb.Run"
    _label = quiet("_label")
    display = quiet("display")
    pin_config_keys = quiet("pin_config_keys")
    write_logs = quiet("write_logs")

    def __init__(
        self,
        run: OurRun,
        config: ConfigView,
        params: Mapping[str, Any],
        *,
        resumed: bool = False,
        also: Callable[..., None] | None = None,
    ) -> None:
        self._run = run
        self._also = also
        self._latest: dict[str, Any] = {}
        self._rules = MetricRules()
        self._watching = Watching(self)
        self._trial: Trial | None = None
        self._step = self.starting_step = run._next_step()
        self._config = config
        self.summary = SummaryView(run, self._latest, self._rules, also)
        self._given = dict(params)
        self.entity = str(params.get("entity") or "")
        self.job_type = str(params.get("job_type") or "")
        self.syncs_tensorboard = bool(params.get("sync_tensorboard"))
        self.resumed = resumed
        self.start_time = time.time()
        self.settings = Settings(
            mode=params.get("mode") or "online", run_id=self.id, project=run.project, entity=self.entity
        )
        open_runs.append(self)
        _watch_exit()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._leave(error is not None and not isinstance(error, TrialStopped))
        self._finish_also(int(error is not None))
        self._run.__exit__(kind, error, trace)

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Write a record at the current step, which then grows by one.

        Args:
            data: metrics and media by name; nested ones become `train.loss`.
            step: a step, never before the current one; more records may follow at this step.
            commit: whether the step ends; by default only without `step`.
            sync: ignored.

        Raises:
            Error: the run has ended.
            ValueError: `data` is not a mapping.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"wandb.log takes a dictionary, not {type(data).__name__}")
        if self._also is not None:
            self._also("log", data, step=step, commit=commit)
        if step is not None:
            step = self._valid(step)
            if step < self._step:
                text = f"wandb.log: the steps before {self._step} have ended; a record at step {step} was ignored."
                warn_once(f"steps of {self.id}", text)
                return
            self._step = step
        at = self._step
        if commit or (commit is None and step is None):
            self._step = at + 1
        if is_plain(data):
            metrics: Mapping[str, Any] = data
        else:
            metrics, files = separate(data, "wandb")
            self.summary.nest(str(key) for key, value in data.items() if isinstance(value, Mapping))
            for key, medium in files:
                with guarded(f"{key!r} ({type(medium).__name__})"):
                    medium.store(self._run, key, at)
        if metrics:
            self._latest.update(metrics)
            if not self._rules:
                self._run.log(metrics, step=at)
            else:
                for part, own_step in self._rules.split(dict(metrics), at):
                    self._run.log(part, step=own_step)
                self.summary.note_logged(metrics)
            if self._trial is not None:
                self._trial.observe(metrics)

    def _valid(self, step: Any) -> int:
        """Return a step as an integer; for anything else the current one."""
        try:
            return int(step)
        except (TypeError, ValueError, OverflowError):
            warn_once(f"step of {self.id}", f"wandb.log: {step!r} is not a step; the current one is used.")
            return self._step

    def define_metric(
        self,
        name: str,
        step_metric: Any = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Any:
        """Set the step of metrics, and what the summary has of them.

        Args:
            name: a metric, or a pattern such as `val/*`.
            step_metric: a metric with integer values, which are the steps of the others.
            step_sync, hidden, overwrite: ignored.
            summary: "min", "max", "mean", "first", "last", "best" or "none", separated by commas.
            goal: "minimize" or "maximize".
        """
        source = getattr(step_metric, "pattern", step_metric)
        if self._also is not None:
            options = {"step_metric": source, "step_sync": step_sync, "hidden": hidden, "summary": summary}
            all_options = {**options, "goal": goal, "overwrite": overwrite}
            self._also("define_metric", name, **{k: v for k, v in all_options.items() if v is not None})
        kinds = tuple(kind.strip() for kind in (summary or "").split(",") if kind.strip())
        rule = Rule(str(name), source and str(source), kinds, minimize=goal != "maximize")
        self._rules.add(rule)
        self._define(rule, goal)
        if goal and "*" not in rule.pattern:
            self._run.set_primary_metric(rule.pattern, "max" if goal == "maximize" else "min")
        return rule

    def _define(self, rule: Rule, goal: str | None) -> None:
        """Record the parts of a rule that charts and comparisons use."""
        summary = next((kind for kind in rule.summaries if kind in SUMMARIES), None)
        direction = {"minimize": "min", "maximize": "max"}.get(goal or "")
        if direction is None and summary in ("min", "max"):
            direction = summary
        with suppress(ValueError):
            # Without the step metric: its values are the steps already.
            self._run.define_metric(rule.pattern, None, direction, summary)

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        **options: Any,
    ) -> None:
        """Store histograms of the gradients or parameters of PyTorch modules."""
        with guarded("wandb.watch"):
            self._watching.add(models, log, log_freq)

    def unwatch(self, models: Any = None) -> None:
        self._watching.stop()

    def alert(self, title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
        if self._also is not None:
            self._also("run.alert", title, text, level=str(getattr(level, "value", level) or "INFO"))
        raise_alert(self._run, title, text, level)

    def mark_preempting(self) -> None:
        """Note in the log that the machine is about to be taken away."""
        self._run.log_text("The run is about to be preempted.")

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run, as failed if the exit code is not 0."""
        self._leave(bool(exit_code))
        self._finish_also(exit_code or 0)
        self._run.finish(ending_by_code(exit_code)[0])

    @accepted
    def status(self) -> Any:
        """Return None: nothing waits for an upload."""

    def _finish_also(self, exit_code: int) -> None:
        if self._also is not None:
            self._also("finish", exit_code=exit_code)
            self._also = None

    def _leave(self, failed: bool = False) -> None:
        self._watching.stop()
        if (statistics := self.summary.statistics()) and self._run.is_open():
            self._run.summary(statistics)
        if self in open_runs:
            open_runs.remove(self)
        if self._trial is not None:
            self._trial.end("failed" if failed else "finished", self._latest)
            self._trial = None

    @property
    def config(self) -> ConfigView:
        """Return the config; it can be replaced."""
        return self._config

    @config.setter
    def config(self, values: Any) -> None:
        self._config.update(values)

    config_static = config

    @property
    def id(self) -> str:
        """Return the id that the script gave, else ours."""
        return str(self._given.get("id") or self._run.id)

    @property
    def name(self) -> str:
        """Return the name; a new one is displayed, and the folder keeps the first."""
        return str(self._given.get("name") or self._run.name)

    @name.setter
    def name(self, text: str) -> None:
        self._given["name"] = text
        set_labels(self._run, display_name=str(text))

    @property
    def project(self) -> str:
        return self._run.project

    project_name = project

    @property
    def group(self) -> str:
        return str(self._given.get("group") or "")

    @property
    def notes(self) -> str:
        """Return the notes; a change is added to the log."""
        return str(self._given.get("notes") or "")

    @notes.setter
    def notes(self, text: str) -> None:
        self._given["notes"] = text
        set_labels(self._run, notes=text)

    @property
    def tags(self) -> tuple[str, ...]:
        tags = self._given.get("tags") or ()
        return (tags,) if isinstance(tags, str) else tuple(tags)

    @tags.setter
    def tags(self, values: Any) -> None:
        self._given["tags"] = tuple(values or ())
        set_labels(self._run, tags=[str(tag) for tag in self._given["tags"]])

    @property
    def step(self) -> int:
        return self._step

    @property
    def path(self) -> str:
        """Return `entity/project/id`."""
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    @property
    def url(self) -> str:
        """Return the page of the run at the server it is uploaded to, else in a viewer with default settings."""
        server = self._run.server or "http://127.0.0.1:23300"
        return f"{server.rstrip('/')}/runs/{self._run.id}"

    @property
    def project_url(self) -> str:
        return f"{self.url.rpartition('/runs/')[0]}/projects/{self.project}"

    def get_url(self) -> str:
        return self.url

    def continue_after(self, history: History, summary: Mapping[str, Any], step: int | None = None) -> None:
        """Go on after values of an earlier run.

        Args:
            history: values that were logged.
            summary: entries of the summary.
            step: the next step; by default the one after the last of the run.
        """
        self._latest.update({name: values[-1] for name, values in history.items()})
        self._latest.update(
            {key: value for key, value in summary.items() if not key.startswith("best_metric_")}
        )
        self._rules.earlier = history
        if step is not None:
            self._step = self.starting_step = step

    def join_sweep(self, trial: Trial) -> None:
        """Report the metric of a sweep, which may stop the run."""
        self._trial = trial

    @property
    def sweep_id(self) -> str | None:
        return None if self._trial is None else self._trial.sweep.id

    sweep_url = None

    @property
    def disabled(self) -> bool:
        return type(self._run) is not OurRun

    @property
    def offline(self) -> bool:
        """Return whether the script asked for offline mode; there is no difference here."""
        return self._given.get("mode") in ("offline", "dryrun")

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Return an inline frame with the page of the run."""
        return f'<iframe src="{self.url}" style="border:none;width:100%;height:{int(height)}px;"></iframe>'


class RunDisabled(Run):
    """Type of a disabled run in old versions of W&B."""


@cache
def _watch_exit() -> None:
    # After our own function was registered by the first run, so that it is called before.
    atexit.register(_leave_all)


def _leave_all() -> None:
    """Write the statistics of runs that end with the process."""
    for run in list(open_runs):
        with guarded("the summary"):
            failed = hooks.verdict_at_exit()[0] != layout.FINISHED
            run._leave(failed)
            run._finish_also(int(failed))
    close_mirrors()
