"""Patches of uncommitted changes that runs recorded, and unified diffs by file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from runicorn.api.responses.differences import ChangedFile, CodeDifference

_FILE = re.compile(r"^diff --git a/(.*?) b/(.*)$", re.MULTILINE)


class Patch(NamedTuple):
    """Uncommitted changes of tracked files; `is_cut` if they were too long to be recorded."""

    text: str = ""
    is_cut: bool = False


def of_git(git: Mapping[str, Any]) -> Patch:
    """Return the patch in the `git_info` of `environment.json`."""
    text = git.get("diff")
    return Patch(text if isinstance(text, str) else "", bool(git.get("diff_truncated")))


def by_file(text: str) -> dict[str, str]:
    """Return the parts of a diff by path."""
    starts = list(_FILE.finditer(text))
    ends = [*(match.start() for match in starts[1:]), len(text)][: len(starts)]
    return {match[2]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def files_of(text: str) -> list[ChangedFile]:
    """Return the files of a diff with their numbers of lines."""
    return [_file(path, part) for path, part in by_file(text).items()]


def _file(path: str, part: str) -> ChangedFile:
    head, _, body = part.partition("\n@@")
    status = "modified"
    for mark, word in (("\nnew file", "added"), ("\ndeleted file", "removed"), ("\nrename from ", "renamed")):
        if mark in head:
            status = word
    lines = body.splitlines()[1:] if body else []
    file: ChangedFile = {
        "path": path,
        "status": status,
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
    }
    if status == "renamed":
        file["old_path"] = head.partition("\nrename from ")[2].partition("\n")[0]
    if "\nBinary files " in head or "\nGIT binary patch" in head:
        file["binary"] = True
    return file


def difference(a: Patch, b: Patch) -> CodeDifference:
    """Return the difference of two patches of the same commit: the files whose changes are different."""
    before, after = by_file(a.text), by_file(b.text)
    files: list[ChangedFile] = []
    parts = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, ""), after.get(path, "")
        if old == new:
            continue
        lines = list(
            difflib.unified_diff(_changes(old), _changes(new), f"a/{path} (changes)", f"b/{path} (changes)")
        )
        added = sum(line.startswith("+") for line in lines[2:])
        removed = sum(line.startswith("-") for line in lines[2:])
        files.append({"path": path, "status": "modified", "added": added, "removed": removed})
        parts.append(f"diff --git a/{path} b/{path}\n{''.join(lines)}")
    result: CodeDifference = {"origin": "patches", "files": files, "diff": "".join(parts)}
    if a.is_cut or b.is_cut:
        result["note"] = "The recorded changes are not complete."
    return result


def _changes(part: str) -> list[str]:
    """Return the changed lines of a file's patch."""
    body = part.partition("\n@@")[2]
    return [f"{line}\n" for line in body.splitlines() if line.startswith(("+", "-"))]
