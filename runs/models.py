"""Rows derived from run folders; every one of them can be rebuilt from the storage root.

Times are Unix seconds as floats, as in the files and in every response: conversion to `datetime` and back would cost
time on every list page and gain nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.db import models

from runicorn.store import layout
from runicorn.store.containment import resolved_inside
from runicorn_site.web.readable import only_readable
from runs.errors import OutsideRoot

if TYPE_CHECKING:
    from runicorn.api.responses.runs import RunState, State


class StorageRootManager(models.Manager["StorageRoot"]):
    def get_by_natural_key(self, path: str) -> StorageRoot:
        return self.get(path=path)


class StorageRoot(models.Model):
    """A folder that was opened as a store. Copies contain equal run ids, so every unique key includes it."""

    path = models.CharField(max_length=4096, unique=True)
    opened_at = models.FloatField()
    listed_at = models.FloatField(null=True)
    """Time of the last complete listing; `None` before the first."""
    device = models.DecimalField(max_digits=20, decimal_places=0, null=True)
    """Device number of the folder at the last listing: a different one means that a disk is not mounted."""
    problems = models.JSONField(default=list)
    """Sentences about folders that could not be listed or lead out of the store."""

    objects = StorageRootManager()

    def __str__(self) -> str:
        return self.path

    def natural_key(self) -> tuple[str]:
        return (self.path,)


class RunQuerySet(models.QuerySet["Run"]):
    """Runs, by storage root, deletion and age; `runs.query.find` has the filters of lists."""

    def in_root(self, root: StorageRoot) -> RunQuerySet:
        """Return the runs of one storage root that the sender of the request may read, including deleted ones."""
        return only_readable(self.filter(root=root), "project")

    def get_by_natural_key(self, root: str, run_id: str) -> Run:
        return self.get(root__path=root, run_id=run_id)

    def in_folders(self, folders: Iterable[str]) -> RunQuerySet:
        """Return the runs of some folders. Their ids are unique in a root, so that no index has the long paths."""
        paths = list(folders)
        return self.filter(run_id__in={path.rpartition("/")[2] for path in paths}, folder__in=paths)

    def live(self) -> RunQuerySet:
        return self.filter(deleted=None)

    def newest(self) -> RunQuerySet:
        """Order by creation, newest first; runs of the same instant by descending key."""
        return self.order_by("-created", "-id")

    def after(self, created: float, key: int) -> RunQuerySet:
        """Return the runs that follow the run of this creation time and key in the order of `newest`."""
        # In this form, and not as a single OR, the condition is a range of the index.
        older = models.Q(created__lt=created) | models.Q(id__lt=key)
        return self.filter(created__lte=created).filter(older)


def _live(name: str, *fields: str) -> models.Index:
    """Return an index over the runs of a root that are not in the recycle bin."""
    return models.Index(fields=["root", *fields], name=name, condition=models.Q(deleted=None))


class Run(models.Model):
    """One run folder as its small files describe it."""

    root = models.ForeignKey(StorageRoot, on_delete=models.CASCADE, related_name="runs", db_index=False)
    run_id = models.CharField(max_length=255)
    folder = models.CharField(max_length=2048)
    """Relative to the root, with forward slashes."""
    signature = models.CharField(max_length=255, default="")
    """Sizes, times and inodes of the small files when they were read; unchanged files are not read again."""
    warnings = models.JSONField(default=list)
    """Warnings about the folder, for the run page."""
    other_folders = models.JSONField(default=list)
    """Older folders with the same run id; this row does not show their content."""

    project = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    group = models.CharField(max_length=255, default="")
    status = models.CharField(max_length=64)
    exit_reason = models.CharField(max_length=255, null=True)
    state = models.CharField(max_length=32, default="interrupted")
    """One of `runicorn.store.state.STATES`; it says more than the status."""
    state_reason = models.CharField(max_length=1000, null=True)
    """One English sentence; `runs.pages.state_reason` translates it."""
    evidence = models.JSONField(default=dict)
    """What the state follows from, see `runicorn.store.state.Evidence`."""
    heartbeat = models.FloatField(null=True)
    """Time of the last heartbeat of a run that logs to this server."""
    created = models.FloatField()
    updated = models.FloatField()
    """Last modification of any file of the run, from its files."""
    started = models.FloatField(null=True)
    ended = models.FloatField(null=True)
    duration = models.FloatField(null=True)
    """Seconds from start to end; null while running."""

    pid = models.BigIntegerField(null=True)
    process_start = models.FloatField(null=True)
    hostname = models.CharField(max_length=255, default="")
    machine_id = models.CharField(max_length=128, default="")
    boot_id = models.CharField(max_length=128, default="")
    pid_namespace = models.CharField(max_length=128, default="")

    best_metric_name = models.CharField(max_length=255, null=True)
    best_metric_value = models.FloatField(null=True)
    best_metric_step = models.BigIntegerField(null=True)
    best_metric_mode = models.CharField(max_length=8, null=True)
    best_score = models.FloatField(null=True)
    """`best_metric_value`, negated if its mode is min: more is better."""
    last_step = models.BigIntegerField(null=True)

    description = models.TextField(default="")
    tags = models.JSONField(default=list)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    display_name = models.CharField(max_length=255, null=True)
    """Name that a user gave the run."""
    owner = models.CharField(max_length=150, null=True)
    """Name of the user whose API token uploaded the run."""
    color = models.CharField(max_length=7, null=True)
    """Colour of its curves that a user chose, `#rrggbb`."""
    summary = models.JSONField(default=dict)
    config = models.JSONField(default=dict)
    environment_available = models.BooleanField(default=False)
    artifacts_created_count = models.IntegerField(default=0)
    artifacts_used_count = models.IntegerField(default=0)
    journal_bytes = models.BigIntegerField(default=0)
    """Size of events.jsonl at the last read of the folder: what a background ingest has to process."""
    journal_problems = models.JSONField(null=True)
    """Warnings about unreadable parts of events.jsonl found so far; null without any."""
    journal_records = models.BigIntegerField(null=True)
    """Records in events.jsonl; null until it has been read to its end."""
    summarized_bytes = models.BigIntegerField(null=True)
    """Size of events.jsonl when its statistics were stored without its points; null once its points are stored."""
    journal_end = models.BigIntegerField(null=True)
    """Size of events.jsonl when the run ended, from status.json."""
    records_written = models.BigIntegerField(null=True)
    """Records that the training wrote, from status.json; null where it has no counts."""
    records_unwritten = models.BigIntegerField(null=True)
    """Records that the training could not write, from status.json."""
    stored_bytes = models.BigIntegerField(null=True)
    """Bytes of all files of the folder when it was last read; null until it was read in full."""
    media_offset = models.BigIntegerField(default=0)
    """Offset in events.jsonl up to which media were indexed."""
    media_mark = models.CharField(max_length=128, default="")
    """Distinguishes a journal that was replaced from one that grew."""
    search = models.TextField(default="")
    """Project, name, id, tags and description, case-folded, for searches."""

    replica_key = models.CharField(max_length=32, null=True)
    """What it has in common with its replicas, see `runicorn_tools.analysis.replicas`; "" without any, null if unread."""
    metric_rules = models.JSONField(null=True)
    """Definitions of its metrics, see `runicorn.store.metric_rules`."""

    deleted = models.FloatField(null=True)
    delete_reason = models.CharField(max_length=255, default="")
    original_status = models.CharField(max_length=64, default="")

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["root", "run_id"], name="run_once_per_root")]
        # Each index ends in the order of the page: a page is a range of the index. Lists are newest first and read it
        # backwards: new runs are appended, where descending indexes leave half of their pages empty.
        indexes = [
            _live("run_newest", "created", "id"),
            _live("run_project", "project", "created", "id"),
            _live("run_status", "status", "created", "id"),
            _live("run_project_status", "project", "status", "created", "id"),
            _live("run_experiment", "project", "name", "created", "id"),
            _live("run_best", "best_metric_value", "id"),
            _live("run_best_score", "best_score", "id"),
            models.Index(fields=["root", "id"], name="run_pinned", condition=models.Q(pinned=True)),
            _live("run_updated", "updated", "id"),
            _live("run_duration", "duration", "id"),
            _live("run_by_status", "status", "id"),
            _live("run_state", "state", "created", "id"),
            _live("run_by_state", "state", "id"),
            _live("run_by_project", "project", "id"),
            _live("run_by_name", "name", "id"),
            models.Index(
                fields=["root", "-deleted", "-id"], name="run_deleted", condition=~models.Q(deleted=None)
            ),
            models.Index(fields=["root", "created", "id"], name="run_everything"),
            _live("run_live", "id"),
            # Statistics over all runs are answered from this index alone: see `runs.query.analytics`.
            models.Index(
                fields=[
                    "root",
                    "project",
                    "best_metric_name",
                    "best_metric_mode",
                    "best_metric_value",
                    "deleted",
                    "stored_bytes",
                    "journal_bytes",
                ],
                name="run_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}/{self.name}/{self.run_id}"

    def natural_key(self) -> tuple[str, str]:
        return (self.root.path, self.run_id)

    @property
    def label(self) -> str:
        """The name that a user gave the run, or that of its script."""
        return self.display_name or self.name

    def state_fields(self) -> RunState:
        return {"state": cast("State", self.state), "state_reason": self.state_reason}

    @property
    def shown_state(self) -> str:
        """The state, or the status if it is a word that Runicorn does not know."""
        return self.state if self.status in layout.STATUSES else self.status

    @property
    def path(self) -> Path:
        """The run's folder, absolute, with links resolved."""
        folder = resolved_inside(self.root.path, f"{self.root.path}/{self.folder}")
        if folder is None:
            raise OutsideRoot(self.run_id)
        return Path(folder)


class RunTag(models.Model):
    """A tag of a run, for filters; the list in `Run.tags` keeps the order."""

    root = models.ForeignKey(StorageRoot, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tag_rows", db_index=False)
    tag = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "tag"], name="tag_once_per_run")]
        indexes = [models.Index(fields=["root", "tag", "run"], name="tag_runs")]

    def __str__(self) -> str:
        return self.tag


class RunMetric(models.Model):
    """Statistics of one metric of one run, for sorting and filtering lists. Written by the metrics ingest."""

    root = models.ForeignKey(StorageRoot, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="metric_rows", db_index=False)
    key = models.CharField(max_length=255)
    count = models.BigIntegerField(default=0)
    last = models.FloatField(null=True)
    last_special = models.CharField(max_length=4, null=True)
    """`nan`, `inf` or `-inf` if the last value is no finite number."""
    last_step = models.BigIntegerField(null=True)
    minimum = models.FloatField(null=True)
    minimum_step = models.BigIntegerField(null=True)
    maximum = models.FloatField(null=True)
    maximum_step = models.BigIntegerField(null=True)
    best = models.FloatField(null=True)
    """The maximum or the minimum: by the run's mode for its primary metric, else by the metric's name."""
    last_text = models.CharField(max_length=255, null=True)
    """The beginning of the last value if it is text."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="metric_once_per_run")]
        indexes = [
            models.Index(fields=["root", "key", "best", "run"], name="metric_best"),
            models.Index(fields=["root", "key", "last", "run"], name="metric_last"),
            models.Index(fields=["root", "key", "minimum", "run"], name="metric_minimum"),
            models.Index(fields=["root", "key", "maximum", "run"], name="metric_maximum"),
            # Conditions on some of the runs are answered from these alone: see `runs.query.index_intersection`.
            models.Index(
                fields=["root", "key", "run", "last", "best", "minimum", "maximum"], name="metric_by_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} of run {self.run_id}"

    @property
    def shown_last(self) -> float | None:
        """The last value, NaN and infinities included."""
        return self.last if self.last_special is None else float(self.last_special)


class RunParam(models.Model):
    """A value of a run's config with its dotted key, as a number if it is one, and as text."""

    root = models.ForeignKey(StorageRoot, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="param_rows", db_index=False)
    key = models.CharField(max_length=255)
    number = models.FloatField(null=True)
    text = models.CharField(max_length=255, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="param_once_per_run")]
        indexes = [
            models.Index(
                fields=["root", "key", "number", "run"],
                name="param_number",
                condition=models.Q(number__isnull=False),
            ),
            models.Index(fields=["root", "key", "text", "run"], name="param_text"),
            models.Index(fields=["root", "key", "run", "number", "text"], name="param_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.text}"


class RunMedia(models.Model):
    """A file under `media/` that the journal refers to, usually an image."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="media_rows", db_index=False)
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=1024)
    """Relative to the run's `media` folder, with forward slashes."""
    step = models.BigIntegerField(null=True)
    caption = models.TextField(null=True)
    created = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="media_of_run")]

    def __str__(self) -> str:
        return f"{self.key}: {self.path}"
