"""Responses of differences of runs."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from runicorn.newer_python import NotRequired


class ChangedValue(TypedDict):
    """A setting, package or fact with two values."""

    key: str
    a: Any
    b: Any
    types: NotRequired[Annotated[list[str], "JSON types of a and b, where they are different."]]
    direction: NotRequired[Annotated[str, "Of a package: up, down or other."]]
    files: NotRequired[
        Annotated[dict[str, Any], "Of an artifact: added, removed, changed and the first paths."]
    ]


class AddedValue(TypedDict):
    """A setting, package or fact that only b has."""

    key: str
    b: Any


class RemovedValue(TypedDict):
    """A setting, package or fact that only a has."""

    key: str
    a: Any


class ValueDifference(TypedDict, total=False):
    """Difference of two sets of values; empty if they are equal."""

    changed: list[ChangedValue]
    added: list[AddedValue]
    removed: list[RemovedValue]


class ChangedFile(TypedDict):
    """A source file that differs."""

    path: str
    status: Annotated[str, "added, removed, modified or renamed."]
    added: Annotated[int, "Lines."]
    removed: Annotated[int, "Lines."]
    old_path: NotRequired[Annotated[str, "Of a renamed file."]]
    binary: NotRequired[bool]
    line_ends: NotRequired[Annotated[bool, "Whether nothing but line ends is different."]]


class CodeDifference(TypedDict, total=False):
    """Difference of the sources of two runs; empty if they are equal."""

    commit_a: str | None
    commit_b: str | None
    files: list[ChangedFile]
    diff: Annotated[str, "A unified diff of all files."]
    truncated: Annotated[bool, "Whether the diff was cut."]
    origin: Annotated[str, "sources, commits, patches or none: what was compared."]
    note: Annotated[str, "Why the difference is not complete."]


class CommandDifference(TypedDict, total=False):
    """Command lines, if they are different."""

    a: list[str]
    b: list[str]


class SeedDifference(TypedDict, total=False):
    """Seeds, if they are different."""

    a: Any
    b: Any


class Parting(TypedDict):
    """Where the curves of a metric part."""

    metric: str
    step: Annotated[float | None, "First step beyond the spread; null if they stay within it."]
    first: NotRequired[Annotated[float | None, "First step with different values."]]
    spread: NotRequired[Annotated[str, "Spread that was compared with: replicas, curves or none."]]


class RunName(TypedDict):
    """A compared run."""

    id: str
    project: str
    name: str
    created_at: float


class Difference(TypedDict):
    """Difference of two runs, or of a run and a group. A section without change is empty."""

    a: RunName
    b: RunName
    config: ValueDifference
    code: CodeDifference
    packages: ValueDifference
    environment: ValueDifference
    command: CommandDifference
    hardware: ValueDifference
    artifacts: ValueDifference
    seed: SeedDifference
    parting: list[Parting]
    replica: Annotated[bool, "Whether the runs differ in nothing but their seed."]
    order: Annotated[list[str], "Sections with changes, those first that change rarely in the project."]
    sentences: Annotated[list[str], "The changes in words."]


class NearRun(TypedDict):
    """A run that is near to a config."""

    run_id: str
    project: str
    name: str
    distance: Annotated[
        float, "0 for the same settings; 1 for a key with the greatest distance in the project."
    ]
    changed: Annotated[list[str], "Config keys that differ."]
    state: str
    created_at: float
    metrics: Annotated[dict[str, float | None], "Best values by name; of at most 20 metrics."]


class NearRuns(TypedDict):
    """Runs nearest to a config, nearest first."""

    runs: list[NearRun]


class SourceFile(TypedDict):
    """A source file that is stored with a run."""

    path: str
    size: int
    masked: NotRequired[Annotated[bool, "Whether a secret was masked."]]


class SourceTree(TypedDict):
    """The source files of a run."""

    files: list[SourceFile]
    cells: Annotated[int, "Number of notebook cells that ran."]
    commit: str | None
    root: Annotated[str, "Folder of the sources on the machine of the run."]
    folder: Annotated[str, "Working directory relative to root."]
    skipped: Annotated[list[dict[str, Any]], "Files that were left out, with size and reason."]
    skipped_count: int
    written: Annotated[list[str], "Files that runs wrote into the folder, which are not stored; at most 200."]
    written_count: int
