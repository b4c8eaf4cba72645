"""Request serializers of API V2."""

from __future__ import annotations

import math
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from runicorn_site.web import timestamps
from runicorn_site.web.serializers import Body, Query
from runs.active_root import active_root
from runs.api.requests import Ids, RunListQuery
from runs.query import where_keys
from runs.query.where.parser import LONGEST, BadWhere

LARGEST_PAGE = 1_000_000


@extend_schema_field(OpenApiTypes.STR)
class Moment(serializers.Field[Any, Any, Any, Any]):
    """A point in time, as Unix seconds."""

    default_error_messages = {"moment": f"This must be {timestamps.FORMS}."}

    def to_internal_value(self, data: Any) -> Any:
        """The moment in Unix seconds."""
        moment = timestamps.seconds(str(data))
        if moment is None:
            self.fail("moment")
        return moment


class Finite(serializers.FloatField):
    """A number that is neither NaN nor infinite."""

    default_error_messages = {"finite": "A finite number is required."}

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        value: float = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("finite")
        return value


@extend_schema_field(OpenApiTypes.STR)
class Where(serializers.Field[Any, Any, Any, Any]):
    """A condition in the language of `runs.query.where.parser`."""

    def get_value(self, dictionary: Any) -> Any:
        """Return the text with the project of the same request, whose keys its bare keys stand for."""
        text = super().get_value(dictionary)
        return text if text is serializers.empty else (text, dictionary.get("project"))

    def to_internal_value(self, data: tuple[Any, Any]) -> Any:
        """The condition as a tree."""
        text, project = data
        try:
            return where_keys.parse(active_root(), str(text), project if isinstance(project, str) else None)
        except BadWhere as error:
            raise serializers.ValidationError(str(error)) from error


class ExperimentListQuery(RunListQuery):
    """Which experiments a list is to have, in what order, and which page of it."""

    limit = offset = None  # type: ignore[assignment]  # V2 counts pages
    created_after = Moment(required=False, help_text=f"{timestamps.FORMS}, inclusive.")
    created_before = Moment(required=False, help_text=f"{timestamps.FORMS}, inclusive.")
    best_metric_min = Finite(required=False, help_text="Of the primary metric, inclusive.")
    best_metric_max = Finite(required=False, help_text="Of the primary metric, inclusive.")
    include_deleted = serializers.BooleanField(default=False, help_text="Those in the recycle bin too.")
    where = Where(required=False, help_text="For example `config.lr < 0.01 and metric.val_acc.best > 0.9`.")
    details = serializers.BooleanField(
        default=False, help_text="Add `config`, `summary` and `metric_values`."
    )
    page = serializers.IntegerField(default=1, min_value=1, max_value=LARGEST_PAGE)
    per_page = serializers.IntegerField(default=50, min_value=1, max_value=1000)


class BatchDelete(Body):
    """Experiments for the recycle bin: 1 to 1000, each counted once."""

    exp_ids = Ids(
        "delete", 1000, "experiments", "exp_ids is required", "exp_ids is required and must be a list"
    )
    reason = serializers.CharField(allow_blank=True, max_length=255, default="user_batch_delete")


class SummaryQuery(serializers.Serializer[Any]):
    """The experiments that statistics cover."""

    project = serializers.CharField(required=False, allow_blank=True, max_length=255)
    days = serializers.IntegerField(
        default=30, min_value=1, max_value=3650, help_text="Number of days in `runs_per_day`."
    )


class CompletionQuery(Query):
    """An expression that is being written."""

    where = serializers.CharField(default="", allow_blank=True, max_length=LONGEST, trim_whitespace=False)
    cursor = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST,
        help_text="Characters before the cursor; all by default.",
    )
    project = serializers.CharField(required=False, max_length=255, help_text="Count hits in this project.")
