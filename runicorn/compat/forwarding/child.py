"""The process that runs the real library: `python -m runicorn.compat.forwarding.child LIBRARY`, with calls on standard input."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from runicorn.compat.forwarding.portable import Portable
from runicorn.compat.guard import guarded
from runicorn.store.notices import say

ADAPTERS = {
    "mlflow": "runicorn.compat.forwarding.real_mlflow",
    "tensorboard": "runicorn.compat.forwarding.real_tensorboard",
}
"""Modules that make the calls of libraries whose own functions depend on objects of the script."""


def main(library: str) -> None:
    """Make every call that comes, until the input ends."""
    try:
        module: ModuleType | None = import_module(ADAPTERS.get(library, library))
    except ImportError as error:
        say(f"{library} cannot be imported ({error}); nothing is logged there.")
        module = None
    is_open = False
    for function, arguments, options in _messages(sys.stdin.buffer):
        if module is None:
            continue
        with guarded(f"{library}.{function} (RUNICORN_ALSO)"):
            is_open = (is_open or function == "init") and function != "finish"
            _resolve(module, function)(*_real(module, arguments), **_real(module, options))
    if is_open and module is not None:  # the script was killed
        with guarded(f"{library}.finish"):
            module.finish(**({"exit_code": 1} if library == "wandb" else {}))


def _messages(source: BinaryIO) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    while len(head := source.read(8)) == 8:
        size = int.from_bytes(head, "little")
        message = source.read(size)
        if len(message) < size:
            return
        yield pickle.loads(message)


def _resolve(module: ModuleType, function: str) -> Any:
    """Return `module.config.update` of "config.update"; methods of the run of "run.save"."""
    target: Any = module
    for part in function.split("."):
        target = getattr(target, part)
    return target


def _real(module: ModuleType, value: Any) -> Any:
    """Return arguments with the library's own objects."""
    if isinstance(value, Portable):
        return _object(module, value.kind, dict(value.fields))
    if isinstance(value, dict):
        return {key: _real(module, item) for key, item in value.items()}
    return [_real(module, item) for item in value] if isinstance(value, list) else value


def _object(module: ModuleType, kind: str, fields: dict[str, Any]) -> Any:
    make = getattr(module, kind)
    if kind == "Artifact":
        return _artifact(make, fields)
    if "content" not in fields or kind == "array":
        return make(**{key: _real(module, item) for key, item in fields.items()})
    content, suffix, caption = fields["content"], fields["suffix"], fields["caption"]
    if kind in ("Html", "Markdown"):
        return make(content.decode("utf-8", "replace"))
    if kind == "Plotly" and suffix.endswith("json"):
        plotly: Any = import_module("plotly.io")
        return make(plotly.from_json(content.decode()))
    path = Path(tempfile.mkdtemp(dir=_media().name), f"file.{suffix}")
    path.write_bytes(content)
    return make(str(path), **({"caption": caption} if caption else {}))


@cache
def _media() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of media, which is deleted at the end: libraries may read them as late as `finish`."""
    return tempfile.TemporaryDirectory(prefix="runicorn_also_")


def _artifact(make: Any, fields: dict[str, Any]) -> Any:
    about = {key: fields[key] for key in ("description", "metadata") if fields[key]}
    artifact = make(fields["name"], fields["type"], **about)
    for path, source in fields["files"].items():
        artifact.add_file(source, name=path)
    for uri, name in fields["references"]:
        artifact.add_reference(uri, **({"name": name} if name else {}))
    return artifact


if __name__ == "__main__":
    main(sys.argv[1])
