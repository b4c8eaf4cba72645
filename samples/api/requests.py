"""Request serializers of samples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from runicorn_site.web.serializers import Body, Query
from runs.query.where.parser import BadWhere
from samples.query import where
from samples.query.rows import STEP

MOST_RUNS = 20


@extend_schema_field(OpenApiTypes.STR)
class SampleWhere(serializers.Field[Any, Any, Any, Any]):
    """A condition over columns of samples."""

    def to_internal_value(self, data: Any) -> Any:
        """The condition as a tree."""
        try:
            return where.parse(str(data))
        except BadWhere as error:
            raise serializers.ValidationError(str(error)) from error


class SelectionQuery(Query):
    """Which samples."""

    step = serializers.IntegerField(required=False, min_value=-(2**63) + 1, max_value=2**63 - 1)
    sample = serializers.CharField(required=False, max_length=1000, help_text="Those with this `id`.")
    where = SampleWhere(required=False, help_text="For example `reward < 0.2 and truncated`.")
    q = serializers.CharField(
        required=False,
        max_length=1000,
        trim_whitespace=False,
        help_text="Words that all occur; phrases in quotation marks.",
    )


class SampleQuery(SelectionQuery):
    """Which samples, in what order, and which page of them."""

    order_by = serializers.CharField(
        required=False,
        max_length=256,
        help_text="A column, `-` before it for descending; `_step`, `_row`, `_time`.",
    )
    page = serializers.IntegerField(default=1, min_value=1, max_value=1_000_000)
    per_page = serializers.IntegerField(default=50, min_value=1, max_value=1000)
    full = serializers.BooleanField(default=False, help_text="Texts are not cut at 2,000 characters.")
    row = serializers.IntegerField(
        required=False, min_value=0, max_value=2**62, help_text="Only the sample of this `_row`."
    )


class ComparisonQuery(Query):
    """Which samples of which runs."""

    runs = serializers.CharField(
        help_text="Run ids separated by commas; `ID@STEP` for the samples of a step."
    )
    name = serializers.CharField(max_length=100)
    sample = serializers.CharField(required=False, max_length=1000)
    step = serializers.IntegerField(required=False, min_value=-(2**63) + 1, max_value=2**63 - 1)
    limit = serializers.IntegerField(default=200, min_value=1, max_value=2000)

    def validate_runs(self, value: str) -> list[tuple[str, int | None]]:
        """Return ids with their steps."""
        pairs: list[tuple[str, int | None]] = []
        for part in filter(None, (text.strip() for text in value.split(","))):
            run_id, _, step = part.partition("@")
            if step and not STEP.fullmatch(step):
                raise serializers.ValidationError(
                    f"The step of {part[:80]!r} is not an integer of at most 18 digits"
                )
            pairs.append((run_id, int(step) if step else None))
        if not 1 <= len(pairs) <= MOST_RUNS:
            raise serializers.ValidationError(f"1 to {MOST_RUNS} runs are required")
        return pairs


class NoteBody(Body):
    """A label and a note for one sample; both empty remove them."""

    row = serializers.IntegerField(min_value=0, max_value=2**62)
    label = serializers.CharField(allow_blank=True, max_length=100, default="")  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True, max_length=10_000, default="")
