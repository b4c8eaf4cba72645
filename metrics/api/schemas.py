"""What the routes of the metrics answer, for their OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

Schema = s.Serializer[Any]


def _numbers(**options: Any) -> s.ListField:
    return s.ListField(child=s.FloatField(allow_null=True), **options)


class Rows(Schema):
    """Rows of a run; without any logged metric everything is empty."""

    columns = s.ListField(child=s.CharField())
    rows = s.ListField(child=s.DictField(), help_text="Each with a value or null for every column.")
    total = s.IntegerField(help_text="Rows before sampling.")
    sampled = s.IntegerField(help_text="Rows in the answer.")
    extremes_complete = s.BooleanField(
        required=False, help_text="False where `downsample` leaves no room for the extremes of every metric."
    )


class Filters(Schema):
    """What the rows were narrowed to."""

    metrics = s.ListField(child=s.CharField(), allow_null=True)
    step_range = s.ListField(child=s.IntegerField(allow_null=True), allow_null=True)
    downsampled = s.BooleanField()


class FastRows(Schema):
    """Rows of an experiment, filtered."""

    columns = s.ListField(child=s.CharField())
    rows = s.ListField(child=s.DictField(), help_text="Each with a value or null for every column.")
    total_points = s.IntegerField(help_text="Rows in the asked range before sampling.")
    applied_filters = Filters()
    query_time_ms = s.FloatField()
    extremes_complete = s.BooleanField(required=False)


class Band(Schema):
    """Between which heights all points lie that a thinned curve leaves out."""

    x = s.ListField(child=s.FloatField())
    low, high = _numbers(), _numbers()


class OneSeries(Schema):
    """A series in columns: `y[i]` is the value at `x[i]`."""

    name = s.CharField()
    kind = s.ChoiceField(["float", "int", "bool", "text", "mixed"])
    count = s.IntegerField(help_text="Points in the asked range before sampling.")
    min = s.FloatField(allow_null=True)
    max = s.FloatField(allow_null=True)
    last = s.JSONField(help_text="A number, a boolean or a text; null when it is no finite number.")
    x = s.ListField(child=s.FloatField())
    y = _numbers(help_text="Null where a value is no finite number.")
    special = s.ListField(child=s.ListField(), help_text='`[index, "nan" | "inf" | "-inf"]`.')
    labels = s.ListField(
        child=s.CharField(), required=False, help_text="Of text: what the numbers in y mean."
    )
    stages = s.ListField(child=s.ListField(), required=False, help_text="`[index, stage]` where it changes.")
    back = s.ListField(child=s.IntegerField(), required=False, help_text="Indices where the steps go back.")
    band = Band(required=False, help_text="Where points were left out.")
    system = s.BooleanField(required=False, help_text="A measurement of the machine.")


class SeriesOfRun(Schema):
    """The series of one run."""

    series = OneSeries(many=True)
    last_row = s.IntegerField(help_text="The last journal line in the answer; -1 without any.")
    generation = s.IntegerField(help_text="Which journal it is; another one begins anew.")
    journal_end = s.IntegerField(help_text="Bytes of the journal that the answer knows.")
    reset = s.BooleanField(required=False, help_text="The generation is not the one that was asked for.")
    query_time_ms = s.FloatField()


class SeriesOfSome(OneSeries):
    """The same, with the run it belongs to."""

    id = s.CharField()


class OverlaidRun(Schema):
    """One of the runs of an overlay."""

    id = s.CharField()
    project = s.CharField()
    name = s.CharField()
    status = s.CharField()
    started_at = s.FloatField(help_text="Unix seconds: where `x=relative` is 0.")
    last_row = s.IntegerField()
    generation = s.IntegerField()


class GroupSeries(Schema):
    """A metric over the runs of a group, at common places along x."""

    name = s.CharField()
    runs = s.IntegerField(help_text="Runs of the group that have the metric.")
    x = s.ListField(child=s.FloatField())
    count = s.ListField(child=s.IntegerField(), help_text="Runs whose curve has a value there.")
    mean, min, max = _numbers(), _numbers(), _numbers()
    p10, p25, p50, p75, p90 = _numbers(), _numbers(), _numbers(), _numbers(), _numbers()


class OverlaidGroup(Schema):
    """Runs that share a config value or a tag."""

    value = s.CharField(allow_null=True, help_text="Null for those that have none.")
    ids = s.ListField(child=s.CharField())
    series = GroupSeries(many=True)


class Overlay(Schema):
    """The curves of many runs, by name and then in the order of the ids."""

    series = SeriesOfSome(many=True)
    runs = OverlaidRun(many=True)
    missing = s.ListField(child=s.CharField(), help_text="Ids that are unknown or in the recycle bin.")
    groups = OverlaidGroup(many=True, required=False, help_text="With `group_by`.")
    query_time_ms = s.FloatField()


class CacheStats(Schema):
    """What is kept decoded."""

    size = s.IntegerField(help_text="Bytes.")
    max_size = s.IntegerField(help_text="Bytes.")
    hits = s.IntegerField()
    misses = s.IntegerField()
    incremental_updates = s.IntegerField()
    hit_rate = s.FloatField(min_value=0, max_value=1)
    incremental_rate = s.FloatField(min_value=0, max_value=1)


class Progress(Schema):
    """How far a run has come."""

    available = s.BooleanField()
    status = s.CharField()
    step = s.IntegerField(required=False)
    total = s.IntegerField(required=False)
    fraction = s.FloatField(required=False)
    eta_seconds = s.FloatField(required=False)
