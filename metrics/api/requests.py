"""Request serializers of the routes of metrics."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from metrics.api.smoothing import SmoothingQuery
from metrics.query.downsample import OF_CLOSE
from metrics.query.limits import MOST_SERIES
from metrics.query.selection import CONFIG, GROUP, TAG
from runicorn_site.web.serializers import Query
from runs.api.requests import CommaSeparated
from runs.api.requests_v2 import Where

STEPS = re.compile(r"\s*([+-]?\d{1,18})?\s*:\s*([+-]?\d{1,18})?\s*")
_VALUE = r"([+-]?(?:\d{1,40}(?:\.\d*)?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)?"
VALUES = re.compile(rf"\s*{_VALUE}\s*:\s*{_VALUE}\s*")
SECONDS = re.compile(r"\s*(\d{1,12}(?:\.\d*)?)?\s*:\s*(\d{1,12}(?:\.\d*)?)?\s*")
BAD_STEPS = "Invalid step_range format, use 'min:max'"
LEAST_POINTS, MOST_POINTS = 4, 50_000
MOST_NAMES = 200


class _Span(serializers.Field[Any, Any, Any, Any]):
    """Two numbers separated by a colon; either may be empty."""

    def __init__(
        self, pattern: re.Pattern[str], number: Callable[[str], float], problem: str, **options: Any
    ) -> None:
        super().__init__(required=False, **options)
        self._pattern, self._number, self._problem = pattern, number, problem

    def to_internal_value(self, data: Any) -> tuple[Any, Any]:
        """Return both numbers, None for an empty one."""
        match = self._pattern.fullmatch(str(data))
        if match is None:
            raise serializers.ValidationError(self._problem)
        low, high = (None if side is None else self._number(side) for side in match.groups())
        return low, high


@extend_schema_field(OpenApiTypes.STR)
class StepRange(_Span):
    """Lowest and highest step, inclusive."""

    def __init__(self, **options: Any) -> None:
        super().__init__(STEPS, int, BAD_STEPS, **options)


@extend_schema_field(OpenApiTypes.STR)
class ValueRange(_Span):
    """Lowest and highest step, or value of a metric, inclusive; integers where the text has two steps."""

    def __init__(self, **options: Any) -> None:
        super().__init__(VALUES, float, BAD_STEPS, **options)

    def to_internal_value(self, data: Any) -> tuple[Any, Any]:
        """Return both numbers, None for an empty one."""
        # A large step is no exact float.
        if STEPS.fullmatch(str(data)):
            return StepRange().to_internal_value(data)
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.STR)
class TimeRange(_Span):
    """Lowest and highest time in Unix seconds, inclusive."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            SECONDS, float, "Invalid time_range format, use 'min:max' in Unix seconds", **options
        )


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Names(serializers.Field[Any, Any, Any, Any]):
    """Names of metrics exactly as logged, including blanks."""

    def __init__(self, *, max_length: int | None = None, **options: Any) -> None:
        super().__init__(required=False, **options)
        self._most = max_length

    def get_value(self, dictionary: Any) -> Any:
        """Return all values of the parameter; empty if it is missing or empty."""
        return dictionary.getlist(self.field_name) or serializers.empty

    def to_internal_value(self, data: list[str]) -> list[str]:
        """Keep several values unchanged; split a single one at commas, and keep the whole text too."""
        names = data if len(data) > 1 else list(dict.fromkeys([*data, *data[0].split(",")]))
        if self._most is not None and len(names) > self._most + 1:
            raise serializers.ValidationError(f"{self.field_name}: at most {self._most} names at once")
        return names


class RowsQuery(Query):
    """Sampling of rows."""

    downsample = serializers.IntegerField(
        required=False,
        min_value=100,
        max_value=50_000,
        help_text="Maximum number of rows; the extremes of every metric are kept.",
    )


class OverMetricQuery(SmoothingQuery):
    """A metric to draw curves over."""

    x_metric = serializers.CharField(
        required=False,
        max_length=1000,
        trim_whitespace=False,
        help_text="With `x=step`: adds to each curve, in `along`, the value of this metric last logged at or before each step.",
    )

    def validate(self, attrs: Any) -> Any:
        """Refuse a metric over another axis than the step."""
        if "x_metric" in attrs and attrs["x"] != "step":
            raise serializers.ValidationError({"x_metric": ["x_metric needs x=step"]})
        return super().validate(attrs)


class LineQuery(OverMetricQuery):
    """The width of a chart that draws lines."""

    pixels = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_POINTS // OF_CLOSE,
        help_text="Width of a chart, in place of `points`: a line through a curve is within a pixel of that of all "
        "points. It has at most four points a pixel, some 2.3 on average.",
    )


class SeriesQuery(LineQuery):
    """Names, range and resolution of series."""

    names = Names(help_text="Comma-separated, or repeated for names that contain commas.")
    points = serializers.IntegerField(
        default=2000, min_value=LEAST_POINTS, max_value=MOST_POINTS, help_text="Per series."
    )
    x = serializers.ChoiceField(default="step", choices=["step", "time"])
    step_range = StepRange(help_text="`min:max`, either side may be empty.")
    time_range = TimeRange(help_text="`min:max` in Unix seconds, for `x=time`.")
    after_row = serializers.IntegerField(
        required=False,
        min_value=-1,
        max_value=2**62,
        help_text="Return only points after this line of the journal.",
    )
    generation = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Generation that `after_row` belongs to."
    )


class FastQuery(Query):
    """Names, range and sampling of rows."""

    metric_names = Names(help_text="Comma-separated, or repeated for names that contain commas.")
    step_range = StepRange(help_text="`min:max`, inclusive; either side may be empty.")
    downsample = serializers.IntegerField(
        required=False, min_value=2, max_value=50_000, help_text=RowsQuery().fields["downsample"].help_text
    )


class OverlayQuery(LineQuery):
    """Runs, metrics, resolution and grouping of compared series."""

    ids = CommaSeparated(
        required=False, max_length=MOST_SERIES, help_text="Run ids; `where` selects any number."
    )
    project = serializers.CharField(required=False, max_length=255, help_text="In place of `ids`.")
    where = Where(required=False, help_text="In place of `ids`: the runs that match, newest first.")
    names = Names(max_length=MOST_NAMES, help_text="Metrics, comma-separated or repeated; all by default.")
    points = serializers.IntegerField(
        default=500, min_value=LEAST_POINTS, max_value=MOST_POINTS, help_text="Per series."
    )
    x = serializers.ChoiceField(
        default="step",
        choices=["step", "time", "relative"],
        help_text="`time` is in Unix seconds, `relative` in seconds since the start of each run.",
    )
    step_range = StepRange(help_text="`min:max`, either side may be empty.")
    time_range = TimeRange(help_text="`min:max` in seconds, for `x=time` and `x=relative`.")
    group_by = serializers.CharField(
        required=False, max_length=300, trim_whitespace=False, help_text="`config.<key>`, `group` or `tag`."
    )
    band = serializers.BooleanField(
        required=False,
        help_text="Adds to downsampled curves of noise the range and the mean of all points, rounded; they have a third of `points`.",
    )

    def validate_ids(self, ids: list[str]) -> list[str]:
        """Return the ids without duplicates."""
        return list(dict.fromkeys(ids))

    def validate(self, attrs: Any) -> Any:
        """Require runs."""
        attrs = super().validate(attrs)
        if not attrs.keys() & {"ids", "where", "project"}:
            raise serializers.ValidationError({"ids": ["ids, where or project is required"]})
        return attrs

    def validate_group_by(self, group_by: str) -> str:
        """Require `config.<key>`, `group` or `tag`."""
        if group_by not in (GROUP, TAG) and not (group_by.startswith(CONFIG) and len(group_by) > len(CONFIG)):
            raise serializers.ValidationError("group_by must be config.<key>, group or tag")
        return group_by
