"""What V2 answers, for its OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from rest_framework import serializers as s

from runicorn_site.web.schemas import Schema
from runs.api.schemas import RunItem


class ExperimentItem(RunItem):
    """A run as V2 describes it."""

    created_at = s.FloatField(help_text="Unix seconds.")
    updated_at = s.FloatField(help_text="Unix seconds.")
    best_metric_step = s.IntegerField(allow_null=True)
    best_metric_mode = s.CharField(allow_null=True, help_text="max or min.")
    last_step = s.IntegerField(allow_null=True)
    deleted_at = s.FloatField(allow_null=True, help_text="Unix seconds; null unless in the recycle bin.")
    logs = s.CharField()
    metrics = s.CharField()
    metrics_step = s.CharField()


class ExperimentPage(Schema):
    """A page of experiments."""

    experiments = ExperimentItem(many=True)
    total = s.IntegerField(help_text="Exact up to 10,000.")
    total_capped = s.BooleanField(required=False, help_text="True when there are more than `total`.")
    page = s.IntegerField()
    per_page = s.IntegerField()
    has_next = s.BooleanField()
    has_prev = s.BooleanField()
    query_time_ms = s.FloatField()


class StepsOfRun(Schema):
    """The lowest and the highest step of a run."""

    min = s.IntegerField()
    max = s.IntegerField()


class MetricsSummary(Schema):
    """What a run logged, in figures."""

    total_data_points = s.IntegerField()
    available_metrics = s.ListField(child=s.CharField())
    step_range = StepsOfRun(required=False)


class ExperimentDetail(Schema):
    """One experiment with what it logged."""

    experiment = ExperimentItem()
    metrics_summary = MetricsSummary()
    environment_available = s.BooleanField()
    file_count = s.IntegerField()


class BatchDeleted(Schema):
    """What became of each experiment."""

    deleted = s.IntegerField()
    failed = s.IntegerField()
    results = s.DictField(child=s.BooleanField())
    message = s.CharField()


class Durations(Schema):
    """Seconds that experiments took."""

    mean = s.FloatField(allow_null=True)
    total = s.FloatField()


class DayCount(Schema):
    """How many runs a day saw begin."""

    date = s.DateField(help_text="In UTC.")
    count = s.IntegerField()


class BestOfProject(Schema):
    """The best run of a project by a primary metric."""

    project = s.CharField()
    metric = s.CharField()
    mode = s.CharField(help_text="max or min.")
    value = s.FloatField()
    id = s.CharField()


class Summary(Schema):
    """Figures over all experiments of the store, or of a project."""

    total_experiments = s.IntegerField()
    by_status = s.DictField(child=s.IntegerField())
    by_project = s.DictField(child=s.IntegerField())
    success_rate = s.FloatField(allow_null=True, help_text="Finished among those that ended, 0 to 1.")
    duration_seconds = Durations()
    runs_per_day = DayCount(many=True)
    best = BestOfProject(many=True)
    storage_bytes = s.IntegerField()
    generated_at = s.FloatField()
