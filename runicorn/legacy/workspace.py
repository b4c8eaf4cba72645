"""Settings and snapshots of Runicorn 0.6 and 0.7: `rnconfig.toml`, the registry of values, copies of the source files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runicorn.settings import user

RNCONFIG = "rnconfig.toml"
REGISTRY = "registry"


def get_effective_rnconfig(workspace_root: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Return the user's `rnconfig.toml`, overridden by that of the workspace.

    Args:
        workspace_root: root of the workspace; by default the working directory.

    Raises:
        ValueError: a file is not valid TOML.
    """
    project = Path(workspace_root or os.getcwd())
    return _merged(_read(user.config_directory() / RNCONFIG), _read(project / RNCONFIG))


def get_config(key: str) -> Any:
    """Return a value of the user's registry, `<configuration directory>/registry/*.toml`.

    Args:
        key: `paths/data/root` is `root` in `paths/data.toml`, or `value` in `paths/data/root.toml`.

    Raises:
        KeyError: there is no such value.
        ValueError: the key is malformed, or a file is not valid TOML.
    """
    parts = [part for part in key.split("/") if part]
    if not parts or any(part.startswith(".") or "\\" in part for part in parts):
        raise ValueError(f"invalid key {key!r}: it must be names with slashes between them")
    root = user.config_directory() / REGISTRY
    for count in range(len(parts), 0, -1):
        file = root.joinpath(*parts[:count]).with_suffix(".toml")
        if file.is_file():
            return _value(_read(file), parts[count:] or ["value"], f"{key!r} in {file}")
    raise KeyError(
        f"no value {key!r} in {root}; to add it write `value = ...` to {root.joinpath(*parts)}.toml"
    )


def snapshot_workspace(
    root: str | os.PathLike[str], out_zip: str | os.PathLike[str], **options: Any
) -> dict[str, Any]:
    """Store the source files of a workspace in a zip file, as `init(snapshot_code=True)` selects them.

    Args:
        root: root of the workspace.
        out_zip: the file to write.
        options: limits and ignore files of 0.6 and 0.7; without effect.

    Returns:
        `{"workspace_root", "archive_path", "format", "file_count", "total_bytes"}`.

    Raises:
        OSError: a file could not be read or written.
    """
    import shutil
    import tempfile

    from runicorn.capture.snapshot import INFO, copy_sources

    archive = Path(out_zip).absolute()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "code"
        files = copy_sources(Path(root), copy)
        (copy / INFO).unlink()
        total = sum((copy / name).stat().st_size for name in files)
        archive.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(shutil.make_archive(str(Path(folder) / "code"), "zip", copy), archive)
    about = {"workspace_root": str(Path(root).absolute()), "archive_path": str(archive), "format": "zip"}
    return {**about, "file_count": len(files), "total_bytes": total}


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    import tomllib  # since Python 3.11

    return tomllib.loads(text)


def _merged(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in other.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merged(before, value) if both else value  # type: ignore[arg-type]
    return merged


def _value(values: Any, names: list[str], place: str) -> Any:
    for name in names:
        if not isinstance(values, dict) or name not in values:
            raise KeyError(f"no value {place}: {name} is missing")
        values = values[name]
    return values
