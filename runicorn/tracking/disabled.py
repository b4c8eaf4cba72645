"""The run used when tracking is disabled, and on all ranks of a training but the first: does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from runicorn.store import fork_lock, layout
from runicorn.tracking.config import Config
from runicorn.tracking.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.api.responses.alerts import Level
    from runicorn.artifacts.artifact import Artifact
    from runicorn.tracking.samples import SampleBatch


class SilentRun(Run):
    """Accept every call and store nothing; it has no folder."""

    is_silent = True

    def __init__(
        self, storage_root: Path, project: str, name: str, run_id: str, path: str | None = None
    ) -> None:
        super().__init__(storage_root, project, name, run_id, path)
        self.config = Config()

    def log(
        self,
        data: Mapping[str, Any] | None = None,
        step: int | None = None,
        stage: str | None = None,
        **metrics: Any,
    ) -> None:
        """Do nothing."""

    def log_text(self, text: object) -> None:
        """Do nothing."""

    def alert(self, title: str, text: str = "", level: Level = "info") -> None:
        """Do nothing."""

    def log_image(
        self,
        key: str,
        image: Any,
        step: int | None = None,
        caption: str | None = None,
        format: str = "png",
        quality: int = 90,
    ) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_table(
        self, key: str, rows: Any, columns: Iterable[Any] | None = None, step: int | None = None
    ) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_histogram(self, key: str, values: Any, step: int | None = None, bins: int = 64) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_file(
        self,
        kind: str,
        key: str,
        content: Any,
        suffix: str | None = None,
        step: int | None = None,
        moment: float | None = None,
        **more: Any,
    ) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_audio(
        self,
        key: str,
        audio: Any,
        step: int | None = None,
        caption: str | None = None,
        sample_rate: int = 44100,
        format: str = "wav",
    ) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_video(
        self,
        key: str,
        video: Any,
        step: int | None = None,
        caption: str | None = None,
        fps: float | None = None,
        format: str = "mp4",
    ) -> str:
        """Do nothing; the path is empty."""
        return ""

    def log_samples(self, name: str, rows: Any, step: int | None = None) -> SampleBatch:
        """Do nothing; the batch is empty."""
        with fork_lock.lock():
            from runicorn.tracking.samples import SampleBatch

        return SampleBatch("", [], None, 0)

    def log_record(
        self, metrics: Mapping[str, Any], step: int | None = None, moment: float | None = None
    ) -> None:
        """Do nothing."""

    def log_artifact(self, artifact: Artifact) -> int:
        """Do nothing; the number is 0."""
        return 0

    def use_artifact(self, artifact_spec: str) -> Artifact:
        """Return the version if it exists, since the training needs its files; nothing is recorded.

        If it does not exist, the artifact is not loaded, and its methods raise errors.
        """
        with fork_lock.lock():
            from runicorn.artifacts.artifact import Artifact
            from runicorn.artifacts.errors import ArtifactNotFound
            from runicorn.artifacts.names import parse_spec
            from runicorn.tracking import run_artifacts

        try:
            return run_artifacts.find(self.storage_root, artifact_spec)[0]
        except ArtifactNotFound:
            spec = parse_spec(artifact_spec)
            return Artifact(spec.name) if spec.type is None else Artifact(spec.name, spec.type)

    def summary(self, update: Mapping[str, Any] | None) -> None:
        """Do nothing."""

    def set_primary_metric(self, metric_name: str, mode: str = "max") -> None:
        """Do nothing."""

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        goal: str | None = None,
        summary: str | None = None,
    ) -> None:
        """Do nothing."""

    def finish(self, status: str = layout.FINISHED, *, upload_timeout: float | None = None) -> None:
        """Deactivate the run."""
        self.end(status, None)

    def begin(
        self,
        labels: dict[str, Any],
        settings: Mapping[str, Any],
        resumed: bool,
        has_other_writer: bool = False,
    ) -> None:
        """Keep the config in memory."""
        self.config.update(settings)

    def accompany(self, environment: bool, *, sources: bool, console: bool, samples: bool) -> None:
        """Do nothing."""

    def end(self, status: str, reason: str | None) -> None:
        """Deactivate the run."""
        self._leave(status)
