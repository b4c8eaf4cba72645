"""Properties of this machine and this Python that do not change while a program runs."""

from __future__ import annotations

import functools
import os
import platform
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.import_hooks import has_foreign_finders
from runicorn.store.values import REFUSALS

MEBIBYTE = 1024 * 1024
_INFO = (".dist-info", ".egg-info")
_FILES = ("METADATA", "PKG-INFO", "")
"""Where metadata are in a folder of `_INFO`, which may itself be the file."""
_HEADER = re.compile(r"^(name|version):[ \t]*(.*\S)", re.IGNORECASE | re.MULTILINE)


def platform_details() -> dict[str, str]:
    """Return details of the operating system and the interpreter, named as in `platform`."""
    names = "system node release version machine processor python_implementation python_compiler"
    return {name: str(getattr(platform, name)()) for name in names.split()}


def processor() -> dict[str, Any]:
    """Return `{model, count, usable_count, memory_total_mb}` of the CPU; unknown values are None."""
    return {
        "model": _model(),
        "count": os.cpu_count(),
        "usable_count": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_total_mb": _memory(),
    }


def _model() -> str | None:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip() or None
    return platform.processor() or None


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE)
    except (AttributeError, OSError, ValueError):  # Windows; names the system does not know
        return None


def packages(path: Iterable[str]) -> list[str]:
    """Return the packages installed in the folders of an import path as `name==version`, sorted."""
    return list(_packages(tuple(path)))


@functools.lru_cache(maxsize=2)
def _packages(path: tuple[str, ...]) -> tuple[str, ...]:
    """Cached for the process: there may be a few hundred packages, on a network file system."""
    packages: dict[str, str] = {}
    for text in _metadata(path):
        name_and_version = _name_and_version(text)
        if name_and_version is not None:
            packages.setdefault(name_and_version[0].lower(), "==".join(name_and_version))
    return tuple(packages[name] for name in sorted(packages))


def _metadata(path: tuple[str, ...]) -> Iterator[str]:
    """Yield the metadata of installed packages, as `importlib.metadata` finds them.

    That imports forty modules beside the first calls of `log()`, and is used for archives and foreign finders only.
    """
    if has_foreign_finders() or any(map(os.path.isfile, path)):
        from importlib.metadata import distributions

        for distribution in distributions(path=list(path)):
            with suppress(OSError, *REFUSALS):
                yield next(filter(None, map(distribution.read_text, _FILES)), "")
        return
    for entry in path:
        with suppress(OSError):
            for name in os.listdir(entry or "."):
                if name.lower().endswith(_INFO) or (name + entry[-4:]).lower() == "egg-info.egg":
                    yield _text(os.path.join(entry, name))


def _text(info: str) -> str:
    """Return the metadata in a folder; "" of a partly removed package, which has none or unreadable ones."""
    for name in _FILES:
        with (
            suppress(OSError, *REFUSALS),
            open(os.path.join(info, name) if name else info, encoding="utf-8") as file,
        ):
            return file.read()
    return ""


def _name_and_version(text: str) -> tuple[str, str] | None:
    """Return the two headers of metadata; parsing all of them and the description takes ten times as long."""
    headers = {name.lower(): value for name, value in reversed(_HEADER.findall(text.partition("\n\n")[0]))}
    return (headers["name"], headers["version"]) if len(headers) == 2 else None


def conda_packages(prefix: Path) -> list[str] | None:
    """Return the packages of a conda environment as `name=version=build`, from the metadata of conda."""
    try:
        names = [path.stem for path in (prefix / "conda-meta").glob("*.json")]
    except OSError:
        return None
    parts = (name.rsplit("-", 2) for name in names)
    return sorted("=".join(part) for part in parts if len(part) == 3) or None


_CHANNEL = re.compile(r"^\+(\S+)/[^/\s]+::", re.MULTILINE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@|/t/[^/]+(?=/)")


def conda_channels(prefix: Path) -> list[str] | None:
    """Return the channels of the packages of a conda environment, from its history, without credentials."""
    try:
        history = (prefix / "conda-meta" / "history").read_text("utf-8", "replace")
    except OSError:
        return None
    return list(dict.fromkeys(_CREDENTIALS.sub("", name) for name in _CHANNEL.findall(history))) or None
