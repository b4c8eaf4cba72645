"""Methods of a run in Runicorn 0.6 and 0.7: configs, data sets, pretrained models, code, a logging handler."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Any, Protocol, Union

    from runicorn.artifacts.artifact import Artifact
    from runicorn.legacy.init_arguments import Arguments
    from runicorn.store.run_folder import RunFolder

    Place = Union[str, os.PathLike[str], Mapping[str, Any], None]

    class Settings(Protocol):
        """The config of a run."""

        def update(self, other: Any, /) -> None:
            """Add settings."""

    class Run(Protocol):
        """A run, see `runicorn.tracking.run`."""

        @property
        def config(self) -> Settings:
            """Return its config."""

        def log_artifact(self, artifact: Artifact) -> int:
            """Store an artifact."""

        def log_text(self, text: object) -> None:
            """Add a text to the log."""


CODE = "code_snapshot"
INFO = 20
"""`logging.INFO`; the module is loaded by scripts that use it."""


def log_config(
    run: Run,
    *,
    args: Any = None,
    extra: Mapping[str, Any] | None = None,
    config_files: Iterable[str | os.PathLike[str]] | None = None,
) -> None:
    """Add settings to the config.

    Args:
        args: settings, as in `init(config=…)`.
        extra: further settings.
        config_files: paths of files, stored as the value `config_files`.
    """
    for part in (args, extra):
        if part is not None:
            run.config.update(part)
    if config_files is not None:
        run.config.update({"config_files": [os.fspath(path) for path in config_files]})


def log_dataset(
    run: Run,
    name: str,
    root_or_uri: Place,
    *,
    context: str = "train",
    save: bool = False,
    description: str | None = None,
    **limits: Any,
) -> None:
    """Record a data set as the config value `datasets.<name>`.

    Args:
        name: its name.
        root_or_uri: a file, a folder, or a URI.
        context: its purpose.
        save: store a file or a folder as a version of the artifact `name`.
        description: description of the artifact.
        limits: `force_save` and `max_archive_…` of 0.6 and 0.7; ignored, since artifacts have no limit.
    """
    _record_asset(run, "datasets", "dataset", name, root_or_uri, save, description, {"context": context})


def log_pretrained(
    run: Run,
    name: str,
    *,
    path_or_uri: Place = None,
    save: bool = False,
    source_type: str = "unknown",
    description: str | None = None,
    **limits: Any,
) -> None:
    """Record a pretrained model as the config value `pretrained.<name>`.

    Args:
        name: its name.
        path_or_uri: a file, a folder, or a URI.
        save: store a file or a folder as a version of the artifact `name`.
        source_type: its origin.
        description: description of the artifact.
        limits: see `log_dataset`.

    Raises:
        ValueError: `save` without `path_or_uri`.
    """
    if save and path_or_uri is None:
        raise ValueError("save=True requires path_or_uri")
    _record_asset(
        run, "pretrained", "model", name, path_or_uri, save, description, {"source_type": source_type}
    )


def get_logging_handler(run: Run, level: int = INFO, fmt: str | None = None) -> logging.Handler:
    """Return a handler for `logging` that adds records to the log of the run."""
    from runicorn.legacy.logging_handler import RunHandler

    return RunHandler(run.log_text, level, fmt)


def _record_asset(
    run: Run,
    part: str,
    kind: str,
    name: str,
    place: Place,
    save: bool,
    description: str | None,
    about: dict[str, Any],
) -> None:
    is_path = isinstance(place, (str, os.PathLike))
    location = os.path.expanduser(os.fspath(place)) if isinstance(place, (str, os.PathLike)) else place
    run.config.update({f"{part}.{name}": location})
    if save and is_path and os.path.exists(str(location)):
        from runicorn.artifacts.artifact import Artifact

        artifact = Artifact(name, kind, description or "", about)
        add = artifact.add_dir if os.path.isdir(str(location)) else artifact.add_file
        run.log_artifact(add(str(location)))


def check_arguments(arguments: Arguments) -> None:
    """Check the additional arguments of `init`.

    Raises:
        TypeError: one of them is unknown.
    """
    if not arguments:
        return
    from runicorn.legacy.init_arguments import Arguments

    for name in arguments.keys() - Arguments.__annotations__.keys():
        raise TypeError(f"init() got an unexpected keyword argument {name!r}")


def copy_code(folder: RunFolder, workspace_root: str | os.PathLike[str] | None) -> None:
    """Copy the source files of a program into the run's folder; errors are reported, not raised."""
    from runicorn.capture.snapshot import copy_sources

    try:
        copy_sources(Path(workspace_root or os.getcwd()), folder.path / CODE)
    except OSError as error:
        folder.report_error(CODE, error)
