"""What the API answers, for its OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from rest_framework import serializers as s

from runicorn_site.web.schemas import Schema


class RunItem(Schema):
    """A run in a list."""

    id = s.CharField()
    run_dir = s.CharField()
    created_time = s.FloatField(help_text="Unix seconds.")
    status = s.CharField(help_text="running, finished, failed, interrupted, or the word found on disk.")
    pid = s.IntegerField(allow_null=True)
    best_metric_value = s.FloatField(allow_null=True)
    best_metric_name = s.CharField(allow_null=True)
    project = s.CharField()
    name = s.CharField()
    artifacts_created_count = s.IntegerField()
    artifacts_used_count = s.IntegerField()
    started_at = s.FloatField(allow_null=True)
    ended_at = s.FloatField(allow_null=True)
    heartbeat_at = s.FloatField(
        allow_null=True, help_text="The last heartbeat of a run that logs to this server; Unix seconds."
    )
    duration_seconds = s.FloatField(allow_null=True)
    tags = s.ListField(child=s.CharField())
    hostname = s.CharField(allow_null=True)
    records_written = s.IntegerField(
        allow_null=True, help_text="Records that the training wrote; null where status.json has no counts."
    )
    records_missing = s.IntegerField(
        allow_null=True, help_text="Records that it could not write, or that are no longer in the journal."
    )


class RunDetail(RunItem):
    """Everything about one run."""

    logs = s.CharField()
    metrics = s.CharField()
    metrics_step = s.CharField()
    created_at = s.FloatField()
    updated_at = s.FloatField()
    description = s.CharField()
    summary = s.DictField()
    config = s.DictField()
    environment_available = s.BooleanField()
    exit_reason = s.CharField(allow_null=True)
    warnings = s.ListField(child=s.CharField())
    group = s.CharField()
    pinned = s.BooleanField()
    archived = s.BooleanField()
    best_metric_step = s.IntegerField(allow_null=True)
    best_metric_mode = s.CharField(allow_null=True)
    last_step = s.IntegerField(allow_null=True)


class RunResult(Schema):
    """What became of one run of several."""

    success = s.BooleanField()
    error = s.CharField(required=False)


class Results(Schema):
    """What became of each run."""

    results = s.DictField(child=RunResult())


class Tagged(Results):
    """Runs with other tags."""

    updated = s.IntegerField()


class SoftDeleted(Results):
    """Runs put into the recycle bin."""

    deleted_count = s.IntegerField()
    message = s.CharField()


class Restored(Results):
    """Runs taken out of the recycle bin."""

    restored_count = s.IntegerField()
    message = s.CharField()


class Project(Schema):
    """A project with what is in it."""

    name = s.CharField()
    experiment_count = s.IntegerField()
    run_count = s.IntegerField()
    latest_update = s.FloatField()


class Projects(Schema):
    """The projects by name."""

    projects = s.ListField(child=s.CharField())
    details = Project(many=True)


class Names(Schema):
    """The experiments of a project by name."""

    names = s.ListField(child=s.CharField())


class Media(Schema):
    """A file that was logged."""

    key = s.CharField()
    path = s.CharField(help_text="Below /api/runs/{id}/media/.")
    step = s.IntegerField(allow_null=True)
    caption = s.CharField(allow_null=True)
    created_at = s.FloatField()
    size = s.IntegerField(help_text="Bytes.")


class Environment(Schema):
    """What a run knew of its machine and packages."""

    available = s.BooleanField()
    environment = s.DictField(required=False)


class Line(Schema):
    """A line of a log."""

    line = s.IntegerField(help_text="From 1 on.")
    text = s.CharField()


class Lines(Schema):
    """The lines that match, the first 10,000 of them."""

    matches = Line(many=True)
    total = s.IntegerField()
    truncated = s.BooleanField()


class Success(Schema):
    """Whether it was done."""

    success = s.BooleanField()


class Experiment(Schema):
    """A run as a search answers it."""

    id = s.CharField()
    project = s.CharField()
    name = s.CharField()
    tags = s.ListField(child=s.CharField())
    description = s.CharField()
    created_at = s.FloatField()
    updated_at = s.FloatField()
    archived = s.BooleanField()
    pinned = s.BooleanField()


class Experiments(Schema):
    """What a search found, the last updated first."""

    experiments = Experiment(many=True)


class Deleted(Schema):
    """Which runs were deleted."""

    results = s.DictField(child=s.BooleanField())


class FileTaken(Schema):
    """How much of a file is there."""

    size = s.IntegerField()


class FileDigest(Schema):
    """What is there of a file."""

    size = s.IntegerField()
    digest = s.CharField(help_text="`sha256:` and 64 digits.")


class Heartbeat(Schema):
    """A heartbeat was received."""

    heartbeat_at = s.FloatField(help_text="Unix seconds.")


class FileConflict(Schema):
    """Why a file was not taken, and how much of it is there."""

    detail = s.CharField()
    size = s.IntegerField(allow_null=True)
    same_store = s.BooleanField()
