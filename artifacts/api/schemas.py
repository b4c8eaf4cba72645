"""What the routes about artifacts answer, for their OpenAPI description: nothing is serialized with these."""

from __future__ import annotations

from rest_framework import serializers as s

from runicorn_site.web.schemas import Schema


class Item(Schema):
    """An artifact in a list."""

    name = s.CharField()
    type = s.CharField()
    num_versions = s.IntegerField()
    latest_version = s.IntegerField(help_text="The highest that is not deleted.")
    size_bytes = s.IntegerField(help_text="Of the latest version, with what its references state.")
    created_at = s.FloatField(help_text="Unix seconds.")
    updated_at = s.FloatField()
    aliases = s.DictField(child=s.IntegerField())


class VersionItem(Schema):
    """A version in a list."""

    version = s.IntegerField()
    created_at = s.FloatField()
    created_by_run = s.CharField(allow_null=True)
    size_bytes = s.IntegerField()
    num_files = s.IntegerField()
    status = s.CharField(help_text="ready, deleted or corrupted.")
    aliases = s.ListField(child=s.CharField())


class VersionDetail(VersionItem):
    """Everything about a version but its files."""

    name = s.CharField()
    type = s.CharField()
    updated_at = s.FloatField()
    created_by_user = s.CharField(allow_null=True)
    num_references = s.IntegerField()
    metadata = s.DictField()
    description = s.CharField(allow_blank=True)
    tags = s.ListField(child=s.CharField())
    manifest_digest = s.CharField(help_text="`sha256:<hex>` of manifest.json.")
    deleted_at = s.FloatField(allow_null=True)
    lifecycle_stage = s.CharField()
    verified_at = s.FloatField(allow_null=True)
    corrupted_files = s.ListField(child=s.CharField())
    problem = s.CharField(allow_null=True, help_text="Why its manifest cannot be read; null if it can.")


class FileItem(Schema):
    """A file of a version."""

    path = s.CharField()
    size = s.IntegerField()
    digest = s.CharField(help_text="`sha256:<hex>`")
    modified_at = s.FloatField(allow_null=True)
    absolute_path = s.CharField()
    is_remote = s.BooleanField()


class ReferenceItem(Schema):
    """What belongs to a version and lies elsewhere."""

    uri = s.CharField()
    checksum = s.CharField(allow_null=True)
    size = s.IntegerField(allow_null=True)
    metadata = s.DictField()


class Files(Schema):
    """The files and references of a version."""

    artifact = s.CharField()
    files = FileItem(many=True)
    references = ReferenceItem(many=True)
    total_size = s.IntegerField()
    total_files = s.IntegerField()
    total_references = s.IntegerField()
    is_remote = s.BooleanField()


class Node(Schema):
    """A version or a run."""

    node_type = s.CharField(help_text="artifact or run")
    node_id = s.CharField()
    label = s.CharField()
    metadata = s.DictField()


class Edge(Schema):
    """Where data went."""

    source = s.CharField()
    target = s.CharField()
    edge_type = s.CharField(help_text="uses (artifact → run) or produces (run → artifact)")


class Lineage(Schema):
    """What a version was made from, and what was made from it."""

    root_artifact = s.CharField()
    nodes = Node(many=True)
    edges = Edge(many=True)


class OfType(Schema):
    """Sums over the artifacts of a type."""

    count = s.IntegerField()
    versions = s.IntegerField()
    size_bytes = s.IntegerField()


class Statistics(Schema):
    """Sums over all artifacts."""

    total_artifacts = s.IntegerField()
    total_versions = s.IntegerField()
    total_size_bytes = s.IntegerField(help_text="Of the files of all versions.")
    total_files = s.IntegerField()
    dedup_enabled = s.BooleanField()
    dedup_pool_size_bytes = s.IntegerField()
    space_saved_bytes = s.IntegerField()
    dedup_ratio = s.FloatField(help_text="Saved share of the bytes, 0 to 1.")
    by_type = s.DictField(child=OfType())


class Done(Schema):
    """That something was done."""

    success = s.BooleanField()
    message = s.CharField()


class Aliases(Schema):
    """The aliases of an artifact."""

    ok = s.BooleanField()
    artifact = s.CharField()
    aliases = s.DictField(child=s.IntegerField())


class Promoted(Schema):
    """A step in the life of a version."""

    ok = s.BooleanField()
    artifact = s.CharField()
    from_stage = s.CharField()
    to_stage = s.CharField()
    message = s.CharField()


class Evaluated(Schema):
    """That an evaluation was recorded."""

    ok = s.BooleanField()
    eval_id = s.CharField()
    message = s.CharField()


class EvaluationItem(Schema):
    """How a version did."""

    id = s.CharField()
    model_name = s.CharField()
    model_version = s.IntegerField()
    evaluation_date = s.FloatField()
    evaluator_run_id = s.CharField(allow_null=True)
    metrics = s.DictField()
    test_dataset = s.CharField(allow_null=True)
    status = s.CharField()
    notes = s.CharField(allow_null=True)


class TrainingMetrics(Schema):
    """The summary of the run that made a version."""

    run_id = s.CharField()
    run_name = s.CharField()
    project = s.CharField()
    metrics = s.DictField()
    created_at = s.FloatField()
    duration_seconds = s.FloatField(allow_null=True)
    status = s.CharField()


class HistoryItem(Schema):
    """The figures of one version."""

    version = s.IntegerField()
    created_at = s.FloatField()
    run_id = s.CharField(allow_null=True)
    status = s.CharField(allow_null=True)
    metrics = s.DictField(child=s.FloatField())


class ArtifactOfRun(Schema):
    """An artifact version that a run made or used."""

    name = s.CharField()
    type = s.CharField()
    version = s.IntegerField()
    size_bytes = s.IntegerField()
    created_at = s.FloatField()
    description = s.CharField(allow_null=True)
    aliases = s.ListField(child=s.CharField())
    lifecycle_stage = s.CharField(allow_null=True)


class ArtifactsOfRun(Schema):
    """What a run made and used, in the order of logging."""

    created = ArtifactOfRun(many=True)
    used = ArtifactOfRun(many=True)


class UploadBegun(Schema):
    """An upload, and what is to be sent."""

    upload_id = s.CharField()
    missing = s.ListField(child=s.CharField(), help_text="Digests of contents that the store lacks.")


class UploadState(Schema):
    """How far an upload is."""

    upload_id = s.CharField()
    told_files = s.IntegerField(help_text="How many files were told.")
    total_files = s.IntegerField(allow_null=True, help_text="How many there will be, if that was said.")
    missing = s.ListField(child=s.CharField(), help_text="Digests of contents that the store lacks.")


class FilesTold(Schema):
    """What is to be sent of the files that were told."""

    told_files = s.IntegerField(help_text="How many files were told so far.")
    missing = s.ListField(
        child=s.CharField(), help_text="Digests of contents of these files that the store lacks."
    )


class ContentsTaken(Schema):
    """How many contents came."""

    taken = s.IntegerField()


class PartTaken(Schema):
    """How much of a content is there."""

    size = s.IntegerField()


class PartRefused(Schema):
    """Why a part was not taken, and how much of the content is there."""

    detail = s.CharField()
    size = s.IntegerField(allow_null=True)
