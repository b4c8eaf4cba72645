"""Request serializers of the routes of artifacts."""

from __future__ import annotations

from pathlib import Path

from rest_framework import serializers

from runicorn.artifacts import names
from runicorn.artifacts.curation import DESCRIPTION_LENGTH, TAG_LENGTH, TAGS
from runicorn.artifacts.manifest import LARGEST_SIZE
from runicorn.artifacts.store import Store
from runicorn.artifacts.uploads import MOST_FILES
from runicorn_site.web.serializers import Body, Edit, Query
from runs.active_root import active_root

DEEPEST = 10
NOTES_LENGTH = 10_000


class OfType(Query):
    """The type of the artifact, where several have the name."""

    type = serializers.CharField(required=False, allow_blank=True, max_length=names.TYPE_LENGTH)

    def validate_type(self, value: str) -> str:
        """Reject a type that is neither built in nor used in the store."""
        if value and value not in names.TYPES and value not in Store(Path(active_root().path)).types():
            raise serializers.ValidationError(f'"{value}" is not a valid choice.')
        return value


class VersionsQuery(OfType):
    """Filters of a list of versions."""

    include_deleted = serializers.BooleanField(default=False)


class LineageQuery(OfType):
    """Depth of a lineage."""

    max_depth = serializers.IntegerField(default=3, min_value=0, max_value=DEEPEST)


class DeletionQuery(OfType):
    """Kind of a deletion."""

    permanent = serializers.BooleanField(default=False)


class AliasBody(Body):
    """The new target of an alias."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class Description(Body):
    """Description, metadata and tags of a version; missing fields keep their value."""

    description = serializers.CharField(
        required=False, allow_blank=True, max_length=DESCRIPTION_LENGTH, trim_whitespace=False
    )
    metadata = serializers.DictField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_LENGTH), required=False, max_length=TAGS
    )


class VersionEdit(Description, Edit):
    """Changes of a version; missing fields keep their value."""


class PromotionBody(Body):
    """The new stage of a version."""

    to_stage = serializers.CharField(max_length=32)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=NOTES_LENGTH)
    evaluator_run_id = serializers.CharField(required=False, allow_blank=True, max_length=255)


class EvaluationBody(Body):
    """Results of an evaluation. Name, version and date are set by the server, whatever the body says."""

    metrics = serializers.DictField(child=serializers.FloatField())
    status = serializers.CharField(max_length=64)
    evaluator_run_id = serializers.CharField(required=False, max_length=255)
    test_dataset = serializers.CharField(required=False, max_length=255)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=NOTES_LENGTH)


class EvaluationsQuery(OfType):
    """The version of evaluations; all by default."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class HistoryQuery(OfType):
    """The metric of a performance history; all by default."""

    metric_name = serializers.CharField(required=False, max_length=255)


class UploadFile(Body):
    """A file of an upload, as its sender describes it."""

    path = serializers.CharField(max_length=1024, trim_whitespace=False)
    size = serializers.IntegerField(min_value=0, max_value=LARGEST_SIZE)
    digest = serializers.CharField(max_length=71, help_text="`sha256:<hex>`")


class UploadReference(Body):
    """Data of the version that is stored elsewhere."""

    uri = serializers.CharField(max_length=4096)
    checksum = serializers.CharField(required=False, max_length=255)
    size = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SIZE)
    metadata = serializers.DictField(required=False)


class FilesBody(Body):
    """Further files of an upload."""

    files = UploadFile(many=True)


class UploadBody(Description):
    """A version to be uploaded."""

    name = serializers.CharField(max_length=255, trim_whitespace=False)
    type = serializers.CharField(max_length=64)
    files = UploadFile(many=True)
    total_files = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_FILES,
        help_text="Total number of files, if more are described later.",
    )
    references = UploadReference(many=True, required=False)
    run_id = serializers.CharField(required=False, max_length=255, help_text="The run that made the version.")


class PartQuery(Query):
    """Position of a part in a content."""

    digest = serializers.CharField(max_length=71)
    offset = serializers.IntegerField(min_value=0, max_value=2**60)
