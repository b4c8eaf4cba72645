"""A tracker for Accelerate: `Accelerator(log_with="runicorn")`, after `import runicorn.integrations.accelerate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelerate import tracking
from accelerate.tracking import GeneralTracker, on_main_process

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


class RunicornTracker(GeneralTracker):
    """Log what `accelerator.log` gets, under the same names, on the main process.

    `accelerator.init_trackers("vision", config, {"runicorn": {"name": "resnet"}})` begins the run with the arguments of
    `runicorn.init`, unless a run is active, which is used and stays open; `accelerator.end_training()` ends it.
    """

    name = "runicorn"
    requires_logging_directory = False

    def __init__(self, project: str | None = None, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else to a run created by `runicorn.init(project, **options)`.

        Raises:
            TypeError: both a run and options were given.
        """
        super().__init__()
        if run is None and project is not None:
            options["project"] = project
        self._tracking = Tracking(run, options)

    @on_main_process
    def start(self) -> None:
        self._tracking.begin({})

    @property
    def tracker(self) -> Run:
        return self._tracking.run

    @on_main_process
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        self._tracking.configure(values)

    @on_main_process
    def log(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Log metrics; the entries of nested ones get names like `val/loss`, and texts go into the log."""
        metrics: dict[str, Any] = {}
        for key, value in values.items():
            if isinstance(value, str):
                self._tracking.run.log_text(f"{key}: {value}")
            elif isinstance(value, Mapping):
                metrics |= {f"{key}/{inner}": entry for inner, entry in value.items()}
            else:
                metrics[key] = value
        self._tracking.log(metrics, step)

    @on_main_process
    def log_images(self, values: Mapping[str, list[Any]], step: int | None = None, **kwargs: Any) -> None:
        """Log lists of arrays or PIL images; the images of a list get numbers."""
        for key, images in values.items():
            for number, image in enumerate(images):
                self._tracking.run.log_image(f"{key}/{number}", image, step=step)

    @on_main_process
    def finish(self) -> None:
        """End the run if it is the tracker's own."""
        self._tracking.end()


if hasattr(tracking, "register_tracker_class") and RunicornTracker.name not in tracking.LOGGER_TYPE_TO_CLASS:
    tracking.register_tracker_class(RunicornTracker)
