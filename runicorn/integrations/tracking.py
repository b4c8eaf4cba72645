"""Common part of all callbacks: the run they log to, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runicorn.store.flatten import flatten
from runicorn.tracking.exit import hooks
from runicorn.tracking.init import get_active_run, init
from runicorn.tracking.run import Run


class Tracking:
    """The run of a callback: the given one, else the active one, else one that it creates and ends itself.

    Attributes:
        training: whether a training is in progress.
    """

    def __init__(self, run: Run | None, options: dict[str, Any]) -> None:
        """Accept either a run, or the arguments of `runicorn.init` for a run of the callback.

        Raises:
            TypeError: both were given.
        """
        if run is not None and options:
            raise TypeError(f"Pass a run or the options of a new one ({', '.join(options)}), not both.")
        self.training = False
        self._given = run
        self._options = options
        self._defaults: dict[str, Any] = {}
        self._run: Run | None = None
        self._own = False

    def suggest(self, **defaults: Any) -> None:
        """Set arguments of `runicorn.init` for a run of the callback, where its options name none."""
        self._defaults = defaults

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Begin a training; values in the user's own config are kept."""
        self.end("failed")  # the one before broke off: there is no call for that in most libraries
        self._run = self._given or (None if self._options else get_active_run())
        self._own = self._run is None
        if self._run is None:
            self._run = init(**{**self._defaults, **self._options})
        self.configure(settings)
        self.training = True

    def begin_again(self) -> None:
        """Continue with the run of the previous training, or a new one, for an evaluation outside of a training."""
        if self.training:
            return
        if self._run is None:
            self.begin({})
        elif self._own and not self._run.is_open():
            ended = self._run
            where: dict[str, Any] = {
                "storage": ended.storage_root,
                "project": ended.project,
                "name": ended.name,
            }
            self._run = init(**{**self._options, **where, "run_id": ended.id, "resume": True})
        self.training = False

    @property
    def run(self) -> Run:
        """The run to write to: continued if it has ended, created if it is missing."""
        if self._run is None:
            self.begin({})
        elif not self.training:
            self.begin_again()
        assert self._run is not None
        return self._run

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Add settings to the config of the run; values in the user's own config are kept."""
        if self._run is not None:
            config = self._run.config
            config.update({key: value for key, value in flatten(settings).items() if key not in config})

    def log(self, metrics: Mapping[str, Any], step: int | None) -> None:
        """Log metrics, if there are any and there is a run."""
        if self._run is not None and metrics:
            self._run.log(metrics, step=step)

    def summary(self, entries: Mapping[str, Any]) -> None:
        """Set entries of the summary, if there is a run."""
        if self._run is not None:
            self._run.summary(entries)

    def end(self, status: str = "finished", reason: str | None = None) -> None:
        """End the run if it is the callback's own; `reason` explains a status other than "finished"."""
        if self._run is not None and self._own and self._run.is_open():
            hooks.end_all([self._run], status, reason)
        self.training = False

    def break_off(self, error: BaseException) -> None:
        """End the run with the exception that stopped it, if it is the callback's own."""
        if self._run is not None and self._own:
            self._run.__exit__(type(error), error, error.__traceback__)
        self.training = False
