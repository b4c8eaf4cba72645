"""Order of versions of packages: whether an update moved up or down."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runicorn.api.responses.differences import ValueDifference
from runicorn_tools.differences import values

_PARTS = re.compile(r"\d+|[a-z]+")
_EARLY = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "pre": -1, "preview": -1}


def compare(a: Mapping[str, str], b: Mapping[str, str]) -> ValueDifference:
    """Return added, removed and changed packages, the latter with `direction`: "up", "down" or "other"."""
    difference = values.compare(a, b)
    for entry in difference["changed"]:
        entry["direction"] = direction(str(entry["a"]), str(entry["b"]))
    for entries in (difference["changed"], difference["added"], difference["removed"]):
        entries.sort(key=lambda entry: entry["key"])
    return difference


def direction(a: str, b: str) -> str:
    """Return where a version moved from `a` to `b`."""
    before, after = version_key(a), version_key(b)
    return "up" if before < after else "down" if before > after else "other"


def version_key(version: str) -> tuple[tuple[int, int], ...]:
    """Return a key that sorts versions as PEP 440 does, but for exotic ones: 1.0.dev1 < 1.0rc1 < 1.0 < 1.0.post1."""
    public, _, local = version.lower().removeprefix("v").partition("+")
    epoch, mark, rest = public.partition("!")
    parts: list[tuple[int, int]] = [(0, int(epoch) if mark and epoch.isdigit() else 0)]
    release: list[tuple[int, int]] = []
    for part in _PARTS.findall(rest if mark else public):
        if part.isdigit():
            release.append((1, int(part)))
        else:
            while release and release[-1] == (1, 0):  # 1.0 equals 1
                release.pop()
            release.append((_EARLY.get(part, 2), 0) if part in _EARLY else (2, 0))
    while release and release[-1] == (1, 0):
        release.pop()
    locals_ = [(1, int(p)) if p.isdigit() else (0, sum(map(ord, p))) for p in _PARTS.findall(local)]
    return (*parts, *release, (0, 0), *locals_)
