"""A run: writes what a training script logs into the files of its folder."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from runicorn.capture.background import BackgroundCapture
from runicorn.legacy import later_api
from runicorn.store import descriptor_reserve, fork_lock, layout, values
from runicorn.store.journal import count_records, encode, last_step, load_encoder
from runicorn.store.notices import Notices
from runicorn.store.run_folder import RunFolder
from runicorn.store.status_file import StatusFile
from runicorn.store.values import PLAIN, REFUSALS
from runicorn.tracking import metadata, records
from runicorn.tracking.config import Config
from runicorn.tracking.exit import hooks
from runicorn.tracking.media_log import MediaLog
from runicorn.tracking.records import STEP_LIMIT, cleaned_line, whole_step
from runicorn.tracking.summary import Summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.api.responses.alerts import Level
    from runicorn.artifacts.artifact import Artifact
    from runicorn.tracking.samples import SampleBatch, SampleLog
    from runicorn.upload.wait import RunningUpload

ENDINGS = (layout.FINISHED, layout.FAILED, layout.INTERRUPTED)


class Run(MediaLog):
    """A training run, created by `runicorn.init` and ended by `finish`, by leaving a `with` block, or at exit.

    Disk errors and unsupported values are reported once on stderr and counted; only invalid arguments raise.
    Attributes:
        id, project, name: the run id (`YYYYMMDD_HHMMSS_xxxxxx`), its project and its experiment.
        path, run_dir, storage_root: the path given to `init` (or None), the folder of the run, and the storage root.
        config: the settings by dotted key; assignments are saved.
        alias: the name given by `init(alias=…)`, or None.
        is_silent: whether it stores nothing, see `runicorn.tracking.disabled`.
        server, upload: the URL of the server ("" for none), and the upload to it.
    """

    is_silent = False

    def __init__(
        self, storage_root: Path, project: str, name: str, run_id: str, path: str | None = None
    ) -> None:
        self.id = run_id
        self.path, self.project, self.name = path, project, name
        self.storage_root = storage_root
        self.run_dir = layout.run_folder(storage_root, project, name, run_id, path)
        above = tuple(self.run_dir.parents)[:3] if path is None else (self.run_dir.parent,) * 3
        self.runs_dir, self.experiment_dir, self.project_dir = above
        self.media_dir = self.run_dir / layout.MEDIA
        self.process, self.server = os.getpid(), ""
        self.upload: RunningUpload | None = None
        self._notices = Notices()
        self._folder = RunFolder(storage_root, self.run_dir, self._notices)
        self.config = Config(self._folder)
        self._summary = Summary(self._folder)
        self._status_file = StatusFile(self._folder)
        self._capture = BackgroundCapture(self._folder)
        self._step: int | None = None
        self._status = layout.RUNNING
        self.alias: str | None = None
        self._other_writer: dict[str, Any] = {}
        self._samples: SampleLog | None = None

    def __repr__(self) -> str:
        return f"<Run {self.project}/{self.name}/{self.id} {self._status}>"

    def _ipython_display_(self) -> None:
        with fork_lock.lock():
            from runicorn.cells.view import display_run

        display_run(self)

    def _repr_html_(self) -> str:
        """Return the run as HTML, for front ends of notebooks other than Jupyter."""
        with fork_lock.lock():
            from runicorn.cells.view import run_html

        return run_html(self)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # A forked child that leaves the block does not end the parent's run.
        if self.is_open() and os.getpid() == self.process:
            if error is not None:
                self._capture.note(error)
            hooks.end_all([self], *hooks.verdict(error))

    def log(
        self,
        data: Mapping[str, Any] | None = None,
        step: int | None = None,
        stage: str | None = None,
        **metrics: Any,
    ) -> None:
        """Write one record of metrics. Once this returns, the record survives the end of the process.

        Args:
            data: numbers, booleans and short texts by name, nested ones as `train/loss`; `metrics` are added and win.
            step: step of the record; by default one more than the last.
            stage: phase of the training ("train", "val"), stored with the record.
        """
        try:
            record = {**data, **metrics} if data else metrics
        except REFUSALS:  # no check before, which all calls would pay for
            record = records.without_names(data, metrics, self._notices)
        # Reserved names and values of numpy or torch need conversion; the check takes 0.4 µs.
        if not (layout.RESERVED_METRICS.isdisjoint(record) and PLAIN.issuperset(map(type, record.values()))):
            stage = record.get("stage") if stage is None else stage
            record = values.metrics(record, self._notices)
        if step is not None and (type(step) is not int or not -STEP_LIMIT <= step < STEP_LIMIT):
            step = whole_step(step, self._notices)
        self._append(record, step, stage if stage is None else values.text_of(stage))

    def log_record(
        self, metrics: Mapping[str, Any], step: int | None = None, moment: float | None = None
    ) -> None:
        """Write one record of metrics that happened at `moment`, in Unix seconds."""
        record = values.metrics(metrics, self._notices)
        self._append(record, None if step is None else whole_step(step, self._notices), None, moment or 0)

    def log_text(self, text: object) -> None:
        """Add a text to the log, prefixed with the local time."""
        self._folder.write_text(values.text_of(text))
        self._notice_when_ended()

    def log_samples(self, name: str, rows: Any, step: int | None = None) -> SampleBatch:
        """Store samples such as rollouts, completions or evaluated examples; written in the background.

        Args:
            name: name of the sample set, 1 to 100 characters; rows with the same name form one table.
            rows: a list of dicts, or a data frame of pandas, polars or Arrow. Any JSON value is stored unchanged,
                however long; arrays become lists; Pillow images and figures are stored below `media/`. The viewer knows
                the keys `id`, `group`, `prompt`, `completion`, `messages`, `reward`, `rewards`, `advantage`, `target`,
                `correct`, `tokens`, `token_ids`, `logprobs`, `entropy`, `truncated`, `tool_calls`, `tags`, `meta`.
            step: step of the training; by default that of the last record.

        Returns:
            The batch: `batch.wait()` returns once the samples survive the end of the process, as `finish` does. Rows that
            are not dicts are reported once, and nothing is stored.
        """
        if self._samples is None:
            self._samples = descriptor_reserve.load("runicorn.tracking.samples").SampleLog(self._folder)
        batch = self._samples.log(name, rows, self._step if step is None else step)
        self._notice_when_ended()
        return batch

    def alert(self, title: str, text: str = "", level: Level = "info") -> None:
        """Raise an alert: a record of the run that the viewer lists and sends to its channels.

        Args:
            title: what happened, up to 200 characters.
            text: details, up to 1,000 characters.
            level: "info", "warn" or "error".

        An alert without a title, or with another level, is reported on stderr and not raised.
        """
        with fork_lock.lock(), descriptor_reserve.released():
            from runicorn.tracking import alerting

        try:
            line = alerting.line(title, text, level)
        except ValueError as error:
            self._notices.once("alert", f"an alert was not raised: {error}.")
            return
        self._folder.append(self._folder.events, line)
        self._notice_when_ended()

    def log_artifact(self, artifact: Artifact) -> int:
        """Store an artifact as its next version, and record that this run created it.

        Args:
            artifact: the draft, which becomes the new version.

        Returns:
            The number of the version.

        Raises:
            ArtifactError: the version could not be created; nothing of it exists. Raised, unlike errors of metrics,
                since a missing version would be noticed too late.
        """
        with fork_lock.lock(), descriptor_reserve.released():
            from runicorn.tracking import run_artifacts

        version = run_artifacts.create(self._folder, self.id, artifact)
        self._notice_when_ended()
        return version.number

    def use_artifact(self, artifact_spec: str) -> Artifact:
        """Return a version from the store, and record that this run used it.

        Args:
            artifact_spec: `name:latest` or another alias, `name:v3`, `name:3`; `dataset/name:latest` if several types
                have the name.

        Raises:
            ArtifactError: the version does not exist, or the text is malformed.
        """
        with fork_lock.lock(), descriptor_reserve.released():
            from runicorn.tracking import run_artifacts

        return run_artifacts.use(self._folder, artifact_spec)

    def summary(self, update: Mapping[str, Any] | None) -> None:
        """Set entries of the summary and keep the others."""
        if update:
            self._summary.merge(update)
            self._notice_when_ended()

    def set_primary_metric(self, metric_name: str, mode: str = "max") -> None:
        """Set the metric by which this run is judged; its best value and step go into the summary.

        Raises:
            ValueError: `mode` is neither "max" nor "min".
        """
        self._summary.set_primary(str(metric_name), mode)

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        goal: str | None = None,
        summary: str | None = None,
    ) -> None:
        """Define how a metric is read: by charts, and by comparisons of runs. A later definition replaces it.

        Args:
            name: a metric, or a pattern such as `val/*`; exact names precede patterns.
            step_metric: metric that is the x axis of its charts.
            goal: which values are better: "min" or "max".
            summary: the value that stands for the run in groups and verdicts: "best", "last", "min" or "max".

        Raises:
            ValueError: an argument is invalid.
        """
        with fork_lock.lock(), descriptor_reserve.released():
            from runicorn.store import metric_rules

        fields = metric_rules.definition(name, step_metric, goal, summary)
        with self._folder.exclusive():
            meta = self._folder.read(layout.META)
            rules = {
                key: rule
                for key, rule in metric_rules.clean(meta.get(metric_rules.KEY)).items()
                if key != name
            }
            self._folder.write(layout.META, {**meta, metric_rules.KEY: {**rules, name: fields}})

    log_config = later_api.log_config
    log_dataset = later_api.log_dataset
    log_pretrained = later_api.log_pretrained
    get_logging_handler = later_api.get_logging_handler

    def finish(self, status: str = layout.FINISHED, *, upload_timeout: float | None = None) -> None:
        """End the run and report what is not on disk. Only the first call has an effect.

        Args:
            status: "finished", "failed" or "interrupted".
            upload_timeout: maximum seconds to wait for the upload; by default those of `init`.

        Raises:
            ValueError: `status` is unknown, or `upload_timeout` is not a number of seconds.
        """
        if status not in ENDINGS:
            raise ValueError(f"Status must be one of {', '.join(ENDINGS)}, got {status!r}")
        hooks.check_timeout(upload_timeout)
        if os.getpid() != self.process:
            self._notices.once(
                "fork", "a forked process cannot end the run of its parent; finish() did nothing."
            )
        elif self.is_open():
            hooks.end_all([self], status, None, upload_timeout)

    def frame(self, metrics: str | Sequence[str] | None = None, as_: str = "pandas") -> Any:
        """Return a frame with a row for each step: `step`, `time` (UTC), and a column for each metric.

        Args:
            metrics: one or more metrics; None for all that were logged.
            as_: "pandas", "polars" or "arrow" (a `pyarrow.Table`).

        Raises:
            ImportError: runicorn-django, or the library of the frame, is not installed.
            OSError: the journal cannot be read.
            ValueError: `as_` is unknown.
        """
        from runicorn.extension_points import NAMES, load

        return load(NAMES, "frame_of_folder")(self._folder.path, metrics, as_)

    def is_open(self) -> bool:
        """Whether the run has not ended yet."""
        return self._status == layout.RUNNING

    def is_lost(self) -> bool:
        """Whether not even its first files could be written."""
        return self._folder.is_lost()

    def claim(self) -> bool:
        """Create the run's folder; return False if another run has it."""
        return self._folder.claim()

    def begin(
        self,
        labels: dict[str, Any],
        settings: Mapping[str, Any],
        resumed: bool,
        has_other_writer: bool = False,
    ) -> None:
        """Write the files that make the folder a run, or load those of a resumed run.

        Args:
            labels: given values of `tags`, `notes` and `group`.
            settings: the flat config.
            resumed: whether the folder has an earlier part of this run.
            has_other_writer: whether another process writes this run, which its end is left to.
        """
        load_encoder()  # here, and not in the first step of the training
        if resumed:
            self._take_up()
        before = self._folder.read(layout.META) if resumed else {}
        self._other_writer = before if has_other_writer else {}
        self._folder.write(layout.META, metadata.meta(self, before, labels, resumed))
        self._status_file.begin()
        if settings:
            self.config.update(settings)
        self._folder.stir()

    def attach(self, process: int) -> None:
        """Write to a run that another process on this machine began and will end, as its forked children do."""
        load_encoder()
        self.process = process
        self.config.load()
        self._folder.events.written = count_records(self.run_dir / layout.EVENTS)
        self._step = last_step(self.run_dir / layout.EVENTS)

    def accompany(self, environment: bool, *, sources: bool, console: bool, samples: bool) -> None:
        """Start the capture of environment, sources, console and system metrics, until the run ends."""
        self._capture.start(environment=environment, sources=sources, console=console, samples=samples)

    def end(self, status: str, reason: str | None) -> None:
        """Write the end of the run; complete it if a signal interrupted an earlier call."""
        if self.is_open():
            self._status = status
        self._capture.stop(is_urgent=status == layout.INTERRUPTED)
        if self._samples is not None:
            self._samples.close(seal=status != layout.INTERRUPTED)
        self._summary.settle()
        if not self._is_left_to_other():
            self._status_file.end(self._status, reason)
        self._folder.stir()
        self._folder.close()
        self._leave(self._status)

    def _is_left_to_other(self) -> bool:
        """Leave a normal end to another process that writes this run: the one before or after this process."""
        if self._status != layout.FINISHED or os.getpid() != self.process:
            return False
        now = self._folder.read(layout.META)
        writer = next((meta for meta in (now, self._other_writer) if metadata.is_of_other(meta)), None)
        if writer is None or self._folder.read(layout.STATUS).get("status") != layout.RUNNING:
            return False
        self._status_file.leave()
        self._folder.write(layout.META, {**now, **metadata.identity(writer)})
        text = f"process {writer['pid']} still writes run {self.id}; the run stays running until that process ends it."
        self._notices.once("other writer", text)
        return True

    def _leave(self, status: str) -> None:
        self._status = status
        hooks.forget(self)

    def _take_up(self) -> None:
        if (self.run_dir / layout.DELETED).exists():
            self._notices.once("deleted", f"run {self.id} is in the recycle bin; restore it to view it.")
        self._status_file.resume()
        self.config.load()
        self._folder.events.written = count_records(self.run_dir / layout.EVENTS)
        self._step = last_step(self.run_dir / layout.EVENTS)

    def _next_step(self) -> int:
        """Return the step after the last record, counted from 0 as other trackers do."""
        return 0 if self._step is None else self._step + 1

    def _append(self, record: dict[str, Any], step: int | None, stage: str | None, at: float = 0) -> None:
        # The journal's lock: records are in the file in the order of their steps, whichever thread logs.
        events = self._folder.events
        with events.lock:
            self._step = (self._step or 0) + 1 if step is None else step
            now = at or time.time()
            record["global_step"] = self._step
            record["time"] = now
            if stage is not None:
                record["stage"] = stage
            try:
                line = encode("metrics", record, now)
            except (TypeError, ValueError):  # a name that is no text, a whole number without end
                line = cleaned_line(record, now, self._notices)
            if not events.put(line):
                self._folder.warn(events)
            if self._summary.primary is not None:
                self._summary.observe(record, self._step)
        if self._status != layout.RUNNING:
            self._notice_when_ended()

    def _notice_when_ended(self) -> None:
        if self._status != layout.RUNNING:
            text = f"run {self.id} has ended ({self._status}); new records are stored, its status stays."
            self._notices.once("ended", text)
