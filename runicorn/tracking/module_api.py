"""Module-level functions for the active run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runicorn.store import layout
from runicorn.tracking.init import current

if TYPE_CHECKING:
    from runicorn.artifacts.artifact import Artifact
    from runicorn.tracking.samples import SampleBatch


def log(
    data: Mapping[str, Any] | None = None,
    step: int | None = None,
    stage: str | None = None,
    **metrics: Any,
) -> None:
    """`Run.log` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    current().log(data, step=step, stage=stage, **metrics)


def log_text(text: object) -> None:
    """`Run.log_text` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    current().log_text(text)


def log_image(
    key: str,
    image: Any,
    step: int | None = None,
    caption: str | None = None,
    format: str = "png",
    quality: int = 90,
) -> str:
    """`Run.log_image` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_image(key, image, step, caption, format, quality)


def log_table(key: str, rows: Any, columns: Iterable[Any] | None = None, step: int | None = None) -> str:
    """`Run.log_table` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_table(key, rows, columns, step)


def log_samples(name: str, rows: Any, step: int | None = None) -> SampleBatch:
    """`Run.log_samples` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_samples(name, rows, step)


def log_histogram(key: str, values: Any, step: int | None = None, bins: int = 64) -> str:
    """`Run.log_histogram` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_histogram(key, values, step, bins)


def log_file(
    kind: str,
    key: str,
    content: Any,
    suffix: str | None = None,
    step: int | None = None,
    moment: float | None = None,
    **more: Any,
) -> str:
    """`Run.log_file` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_file(kind, key, content, suffix, step, moment, **more)


def log_audio(
    key: str,
    audio: Any,
    step: int | None = None,
    caption: str | None = None,
    sample_rate: int = 44100,
    format: str = "wav",
) -> str:
    """`Run.log_audio` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_audio(key, audio, step, caption, sample_rate, format)


def log_video(
    key: str,
    video: Any,
    step: int | None = None,
    caption: str | None = None,
    fps: float | None = None,
    format: str = "mp4",
) -> str:
    """`Run.log_video` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    return current().log_video(key, video, step, caption, fps, format)


def log_artifact(artifact: Artifact) -> int:
    """`Run.log_artifact` of the active run.

    Raises:
        RuntimeError: no run was begun.
        ArtifactError: see there.
    """
    return current().log_artifact(artifact)


def use_artifact(artifact_spec: str) -> Artifact:
    """`Run.use_artifact` of the active run.

    Raises:
        RuntimeError: no run was begun.
        ArtifactError: see there.
    """
    return current().use_artifact(artifact_spec)


def summary(update: Mapping[str, Any] | None) -> None:
    """`Run.summary` of the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    current().summary(update)


def set_primary_metric(metric_name: str, mode: str = "max") -> None:
    """`Run.set_primary_metric` of the active run.

    Raises:
        RuntimeError: no run was begun.
        ValueError: `mode` is neither "max" nor "min".
    """
    current().set_primary_metric(metric_name, mode)


def finish(status: str = layout.FINISHED) -> None:
    """`Run.finish` of the active run; the open run begun before it becomes active.

    Raises:
        RuntimeError: no run was begun.
        ValueError: `status` is unknown.
    """
    current().finish(status)
