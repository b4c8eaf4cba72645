"""Properties of this machine and this Python that do not change while a program runs."""

from __future__ import annotations

import email.parser  # noqa: F401  # `importlib.metadata` loads it late, which a fork may interrupt (see `beside`)
import functools
import os
import platform
import sys
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from runicorn.store.values import REFUSALS

MEBIBYTE = 1024 * 1024


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


def packages() -> list[str]:
    """Return installed packages as `name==version`, sorted, as Python would import them."""
    return list(_packages(tuple(sys.path)))


@functools.lru_cache(maxsize=2)
def _packages(path: tuple[str, ...]) -> tuple[str, ...]:
    """Cached for the process: reading the metadata of a few hundred packages takes some tenths of a second."""
    found: dict[str, str] = {}
    for distribution in distributions(path=list(path)):
        # Partly removed packages have no metadata, or unreadable metadata.
        with suppress(OSError, *REFUSALS):
            metadata = distribution.metadata
            if "Name" in metadata and "Version" in metadata:
                found.setdefault(metadata["Name"].lower(), f"{metadata['Name']}=={metadata['Version']}")
    return tuple(found[name] for name in sorted(found))


def conda_packages(prefix: Path) -> list[str] | None:
    """Return the packages of a conda environment as `name=version=build`, from the metadata of conda."""
    try:
        names = [path.stem for path in (prefix / "conda-meta").glob("*.json")]
    except OSError:
        return None
    parts = (name.rsplit("-", 2) for name in names)
    return sorted("=".join(part) for part in parts if len(part) == 3) or None
