"""Responses about artifacts and their versions. Times are Unix seconds, sizes bytes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from runicorn.api.responses.runs import RunState, State
from runicorn.newer_python import NotRequired


class Artifact(TypedDict):
    """An artifact in a list."""

    name: str
    type: str
    num_versions: int
    latest_version: Annotated[int, "The highest that is not deleted."]
    version: Annotated[int, "The same, under the name that scripts for Runicorn 0.5 read."]
    size_bytes: Annotated[int, "Of the latest version, with the stated sizes of its references."]
    created_at: float
    updated_at: float
    aliases: dict[str, int]


class ArtifactVersion(TypedDict):
    """A version in the list of an artifact."""

    version: int
    created_at: float
    created_by_run: str | None
    size_bytes: int
    num_files: int
    status: Annotated[str, "ready, deleted or corrupted."]
    aliases: list[str]


class DescribedVersion(ArtifactVersion):
    """Everything about a version that does not depend on where it is read."""

    name: str
    type: str
    updated_at: float
    created_by_user: str | None
    num_references: int
    metadata: dict[str, Any]
    description: str
    tags: list[str]
    manifest_digest: Annotated[str | None, "`sha256:<hex>` of manifest.json."]
    lifecycle_stage: str
    verified_at: float | None
    corrupted_files: list[str]
    problem: Annotated[str | None, "Why its manifest cannot be read; null if it can."]


class ArtifactDetail(DescribedVersion):
    """Everything about one version except its files."""

    deleted_at: float | None


class Reference(TypedDict):
    """Data of a version that is stored elsewhere."""

    uri: str
    checksum: str | None
    size: int | None
    metadata: dict[str, Any]


class StoredVersion(DescribedVersion):
    """A version with its files, as the command line reads it from the store."""

    path: str
    files: list[dict[str, Any]]
    references: list[dict[str, Any]]


class ArtifactFile(TypedDict):
    """A file of a version."""

    path: str
    size: int
    digest: Annotated[str, "`sha256:<hex>`"]
    modified_at: float | None
    absolute_path: NotRequired[Annotated[str, "absent if the content is in a bucket"]]
    is_remote: bool


class ArtifactFiles(TypedDict):
    """The files and references of a version."""

    artifact: str
    files: list[ArtifactFile]
    references: list[Reference]
    total_size: int
    total_files: int
    total_references: int
    is_remote: bool


class NodeMetadata(TypedDict, total=False):
    """Metadata of a run, or of a version (`type`, `size`, `status`); empty if it is not in the store."""

    status: str
    state: State
    state_reason: str | None
    project: str
    name: str
    deleted: bool
    type: str
    size: Annotated[int, "Bytes."]


class LineageNode(TypedDict):
    """A version or a run."""

    node_type: Literal["artifact", "run"]
    node_id: str
    label: str
    metadata: NodeMetadata


class LineageEdge(TypedDict):
    """A step of the data from its source to its target."""

    source: str
    target: str
    edge_type: Annotated[str, "uses (artifact → run) or produces (run → artifact)"]


class Lineage(TypedDict):
    """The ancestors and descendants of a version; edges follow the data."""

    root_artifact: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]


class TypeStatistics(TypedDict):
    """Sums over the artifacts of a type."""

    count: int
    versions: int
    size_bytes: int


class StoreStatistics(TypedDict):
    """Sums over all artifacts."""

    total_artifacts: int
    total_versions: int
    total_size_bytes: Annotated[int, "Of the files of all versions."]
    total_files: int
    dedup_enabled: bool
    dedup_pool_size_bytes: Annotated[int, "Of all contents, each counted once."]
    space_saved_bytes: int
    dedup_ratio: Annotated[float, "Saved share of the bytes, 0 to 1."]
    by_type: dict[str, TypeStatistics]


class DeletedVersion(TypedDict):
    """Confirmation of a deletion."""

    success: bool
    message: str
    freed_bytes: NotRequired[Annotated[int, "With `permanent`."]]


class Aliases(TypedDict):
    """The aliases of an artifact."""

    ok: bool
    artifact: str
    aliases: dict[str, int]


class Promoted(TypedDict):
    """A change of the lifecycle stage of a version."""

    ok: bool
    artifact: str
    from_stage: str
    to_stage: str
    message: str


class Evaluated(TypedDict):
    """Confirmation of a recorded evaluation."""

    ok: bool
    eval_id: str
    message: str


class Evaluation(TypedDict):
    """Results of an evaluation of a version, as they were recorded."""

    id: str
    model_name: str
    model_version: int
    evaluation_date: float
    evaluator_run_id: str | None
    metrics: dict[str, Any]
    test_dataset: str | None
    status: str
    notes: str | None


class TrainingResult(RunState):
    """The summary of the run that made a version."""

    run_id: str
    run_name: str
    project: str
    metrics: dict[str, Any]
    created_at: float
    duration_seconds: float | None
    status: str


class VersionPerformance(TypedDict):
    """The numbers in the summary of the run that made a version."""

    version: int
    created_at: float
    run_id: str | None
    status: str | None
    state: State | None
    state_reason: str | None
    metrics: dict[str, float]


class UsedVersion(TypedDict):
    """A version that a run made or used."""

    name: str
    type: str
    version: int
    size_bytes: int
    created_at: float
    description: str | None
    aliases: list[str]
    lifecycle_stage: str | None


class RunArtifact(UsedVersion):
    """A version that a run made or used, and which of the two."""

    relation: Literal["created", "used"]


class ArtifactsOfRun(TypedDict):
    """The versions that a run made and used, in the order of logging."""

    created: list[UsedVersion]
    used: list[UsedVersion]


class StartedUpload(TypedDict):
    """A new upload and the contents to be sent."""

    upload_id: str
    missing: Annotated[list[str], "Digests of contents that the store lacks."]


class UploadStatus(StartedUpload):
    """The progress of an upload."""

    described_files: Annotated[int, "Files described so far."]
    total_files: Annotated[int | None, "Files in all, if that was announced."]


class DescribedFiles(TypedDict):
    """The contents to be sent of further files."""

    described_files: Annotated[int, "Files described so far."]
    missing: Annotated[list[str], "Digests of contents of these files that the store lacks."]


class ReceivedContents(TypedDict):
    """The number of contents that were stored."""

    taken: int


class ReceivedPart(TypedDict):
    """The bytes of a content that are stored."""

    size: int


class RefusedPart(TypedDict):
    """Why a part was refused, and the bytes of its content that are stored."""

    detail: str
    size: int | None
