"""What the routes about artifacts take: each field with a sentence for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from rest_framework import serializers

from runicorn.artifacts import names
from runicorn.artifacts.curation import DESCRIPTION_LENGTH, TAG_LENGTH, TAGS
from runicorn.artifacts.manifest import LARGEST_SIZE
from runicorn.artifacts.store import Store
from runicorn.artifacts.uploads import MOST_FILES
from runicorn_site.web.serializers import Body, Query
from runs.active_root import active_root

DEEPEST = 10
NOTES_LENGTH = 10_000


class OfType(Query):
    """Which of several artifacts of one name is meant."""

    type = serializers.CharField(required=False, allow_blank=True, max_length=names.TYPE_LENGTH)

    def validate_type(self, value: str) -> str:
        """Refuse a type that is none of ours and that no artifact of the store has."""
        if value and value not in names.TYPES and value not in Store(Path(active_root().path)).types():
            raise serializers.ValidationError(f'"{value}" is not a valid choice.')
        return value


class VersionsQuery(OfType):
    """Which versions a list is to have."""

    include_deleted = serializers.BooleanField(required=False, default=False)


class LineageQuery(OfType):
    """How far the lineage is followed."""

    max_depth = serializers.IntegerField(required=False, default=3, min_value=0, max_value=DEEPEST)


class DeletionQuery(OfType):
    """How a version is deleted."""

    permanent = serializers.BooleanField(required=False, default=False)


class AliasBody(Body):
    """What an alias is to mean."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class Description(Body):
    """What is said of a version; what is not given stays."""

    description = serializers.CharField(
        required=False, allow_blank=True, max_length=DESCRIPTION_LENGTH, trim_whitespace=False
    )
    metadata = serializers.DictField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_LENGTH), required=False, max_length=TAGS
    )


class Promotion(Body):
    """Where a version goes in its life."""

    to_stage = serializers.CharField(max_length=32)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=NOTES_LENGTH)
    evaluator_run_id = serializers.CharField(required=False, allow_blank=True, max_length=255)


class Evaluation(Body):
    """How a version did. Name, version and date are those of the address and of now, whatever the body says."""

    metrics = serializers.DictField(child=serializers.FloatField())
    status = serializers.CharField(max_length=64)
    evaluator_run_id = serializers.CharField(required=False, max_length=255)
    test_dataset = serializers.CharField(required=False, max_length=255)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=NOTES_LENGTH)


class EvaluationsQuery(OfType):
    """Whose evaluations are wanted."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class HistoryQuery(OfType):
    """Which metric a history is of."""

    metric_name = serializers.CharField(required=False, max_length=255)


class UploadFile(Body):
    """A file of an upload, as its sender describes it."""

    path = serializers.CharField(max_length=1024, trim_whitespace=False)
    size = serializers.IntegerField(min_value=0, max_value=LARGEST_SIZE)
    digest = serializers.CharField(max_length=71, help_text="`sha256:<hex>`")


class UploadReference(Body):
    """What belongs to the version and lies elsewhere."""

    uri = serializers.CharField(max_length=4096)
    checksum = serializers.CharField(required=False, max_length=255)
    size = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SIZE)
    metadata = serializers.DictField(required=False)


class FilesBody(Body):
    """Further files of an upload."""

    files = UploadFile(many=True)


class UploadBody(Description):
    """A version that is to come."""

    name = serializers.CharField(max_length=255, trim_whitespace=False)
    type = serializers.CharField(max_length=64)
    files = UploadFile(many=True)
    total_files = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_FILES,
        help_text="Where more files are told later: how many in all.",
    )
    references = UploadReference(many=True, required=False)
    run_id = serializers.CharField(required=False, max_length=255, help_text="The run that made it.")


class PartQuery(Query):
    """Where a part belongs."""

    digest = serializers.CharField(max_length=71)
    offset = serializers.IntegerField(min_value=0, max_value=2**60)
