"""Artifacts of a `wandb.Run`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.artifacts.errors import ArtifactError
from runicorn.capture.snapshot import SKIPPED
from runicorn.compat import artifacts
from runicorn.compat.guard import guarded
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.errors import CommError
from runicorn.tracking.run import Run as OurRun


class RunArtifacts:
    """Methods that create and use versions."""

    _run: OurRun
    _artifact_type = Artifact
    _also: Callable[..., None] | None

    def log_artifact(
        self,
        artifact_or_path: Any,
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
        **options: Any,
    ) -> Artifact:
        """Store an artifact, or a file or folder as one.

        What cannot be stored, such as an artifact without files, is reported.
        """
        artifact = artifact_or_path
        if not isinstance(artifact, Artifact):
            artifact = self._artifact_type(
                name or f"run-{self._run.id}-{Path(artifact).name}", type or "unspecified"
            )
            artifacts.add_path(artifact._stored, artifact_or_path)
        artifact._stored.add_tags(*(tags or ()))
        if self._also is not None:
            self._also("log_artifact", artifact, **({"aliases": aliases} if aliases else {}))
        all_aliases = [*artifact._aliases, *(aliases or ())]
        with guarded(f"the artifact {artifact._stored.name!r}"):
            if self._run.log_artifact(artifact._stored):
                artifacts.set_aliases(artifact._version(), all_aliases)
        return artifact

    upsert_artifact = finish_artifact = log_artifact

    def use_artifact(
        self, artifact_or_name: Any, type: str | None = None, aliases: list[str] | None = None, **options: Any
    ) -> Artifact:
        """Return a version, `[entity/project/]name:alias`, and record that the run used it.

        Raises:
            CommError: it does not exist.
        """
        if isinstance(artifact_or_name, Artifact):
            if artifact_or_name.is_draft():
                return self.log_artifact(artifact_or_name, aliases=aliases)
            spec, type = artifact_or_name._stored.full_name, artifact_or_name.type
            spec = f"{artifacts.fit_type(type)}/{spec}"
        else:
            spec = artifacts.our_spec(str(artifact_or_name), type)
        try:
            version = self._run.use_artifact(spec)
        except ArtifactError as error:
            raise CommError(str(error)) from error
        kind = self._artifact_type
        return kind._of(version) if version.is_loaded else kind(version.name, version.type)

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: list[str] | None = None
    ) -> Artifact:
        """Store the artifact if it is a draft, and set aliases; there is no registry."""
        if artifact.is_draft():
            artifact = self.log_artifact(artifact)
        return artifact.link(target_path, aliases)

    def log_model(
        self, path: str | os.PathLike[str], name: str | None = None, aliases: list[str] | None = None
    ) -> Artifact:
        """Store a file or a folder as an artifact of type "model"."""
        return self.log_artifact(path, name or f"run-{self._run.id}-model", "model", aliases or ["latest"])

    def use_model(self, name: str) -> str:
        """Return the path of a model's only file, or of a folder with its files."""
        artifact = self.use_artifact(name, type="model")
        folder = artifact.download()
        files = artifact.files()
        return str(Path(folder, files[0].path)) if len(files) == 1 else folder

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: list[str] | None = None,
    ) -> Artifact:
        return self.log_model(path, registered_model_name, aliases)

    def log_code(
        self,
        root: str | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> Artifact | None:
        """Store the Python files below a folder as an artifact of type "code"."""
        base = os.path.abspath(root or ".")
        artifact = self._artifact_type(name or f"source-{self._run.project}", "code")
        count = 0
        for folder, below, files in os.walk(base):
            below[:] = [name for name in below if name not in SKIPPED and not name.startswith(".")]
            for path in (os.path.join(folder, file) for file in sorted(files)):
                included = _asks(include_fn, path, base) if include_fn else path.endswith(".py")
                if included and not (exclude_fn and _asks(exclude_fn, path, base)):
                    artifact.add_file(path, Path(path).relative_to(base).as_posix())
                    count += 1
        return self.log_artifact(artifact) if count else None


def _asks(function: Callable[..., bool], path: str, root: str) -> bool:
    """Call a filter with the path, and the root if it has a second parameter."""
    try:
        return bool(function(path, root))
    except TypeError:
        return bool(function(path))
