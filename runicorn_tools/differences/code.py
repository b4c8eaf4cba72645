"""Difference of the code of two runs as one unified diff: of both commits with their changes, or of the kept sources.

Sources that are kept with both runs are compared directly. For runs without them both states are made from the
repository, if it is here, or their patches are compared.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runicorn.api.responses.differences import ChangedFile, CodeDifference
from runicorn_tools.differences import notebooks, patches, repository
from runicorn_tools.differences.facts import RunFacts

DIFF_LIMIT = 1024 * 1024
"""Maximum number of characters of a diff."""
LINES = 4000
"""Number of differing lines up to which a file is compared line by line."""
RENAMES = 40
"""Number of added and removed files up to which renamed and changed ones are recognized."""
ALIKE = 0.5
CELLS = "cells"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a state: the name of its content, and the run that has it."""

    name: str
    run: RunFacts

    def content(self, path: str) -> bytes:
        if path == CELLS:
            return self.run.cells.encode()
        return self.run.sources.read(path)


def compare(a: RunFacts, b: RunFacts, repository_folder: Path | None = None) -> CodeDifference:
    """Return the difference of the code from `a` to `b`.

    Args:
        repository_folder: a folder of the repository of both runs, for runs without kept sources; only on the machine of
            the user who asks.
    """
    if a.has_code and b.has_code:
        try:
            difference = _of_sources(a, b)
        except (OSError, ValueError) as error:
            difference = {
                "origin": "none",
                "files": [],
                "diff": "",
                "note": f"The sources cannot be read: {error}.",
            }
        if not difference["files"] and "note" not in difference:
            return {}
        return _commits(a, b) | difference
    if not a.commit or not b.commit:
        missing = a if not (a.has_code or a.commit) else b
        if not (a.has_code or b.has_code or a.commit or b.commit):
            return {}
        note = f"The code of {missing.id} is not stored."
        return _commits(a, b) | {"origin": "none", "files": [], "diff": "", "note": note}
    return _of_commits(a, b, repository_folder)


def _commits(a: RunFacts, b: RunFacts) -> CodeDifference:
    return {"commit_a": a.commit or None, "commit_b": b.commit or None}


def _of_commits(a: RunFacts, b: RunFacts, folder: Path | None) -> CodeDifference:
    before, after = (patches.of_git(run.git) for run in (a, b))
    if a.commit == b.commit and before == after:
        return {}
    text = repository.diff(folder, (a.commit, before.text), (b.commit, after.text)) if folder else None
    if text is not None and not (before.is_cut or after.is_cut):
        return _commits(a, b) | _parsed(text, "commits", "")
    if a.commit == b.commit:
        return _commits(a, b) | patches.difference(before, after)
    note = "The commits are different, and neither their files nor the repository are here."
    difference = patches.difference(before, after)
    return _commits(a, b) | difference | {"note": note}


def _parsed(text: str, origin: str, note: str) -> CodeDifference:
    files = patches.files_of(text)
    difference: CodeDifference = {"origin": origin, "files": files, "diff": text[:DIFF_LIMIT]}
    if len(text) > DIFF_LIMIT:
        difference["truncated"] = True
    if note:
        difference["note"] = note
    return difference


def entries_of(run: RunFacts) -> dict[str, Entry]:
    """Return the files of a run by path; the cells that ran as one file."""
    entries = {
        path: Entry(file.name + file.flags.replace("c", ""), run) for path, file in run.sources.files.items()
    }
    if run.cells:
        entries[CELLS] = Entry(f"cells{hash(run.cells)}", run)
    return entries


def _of_sources(a: RunFacts, b: RunFacts) -> CodeDifference:
    if a.sources.identity and a.sources.identity == b.sources.identity and a.cells == b.cells:
        return {"files": [], "diff": ""}
    before, after = entries_of(a), entries_of(b)
    removed = {path: entry for path, entry in before.items() if path not in after}
    new = {path: entry for path, entry in after.items() if path not in before}
    renamed = _renamed(removed, new)
    files: list[ChangedFile] = []
    parts: list[str] = []
    for path in sorted(after.keys() | removed.keys() - set(renamed.values())):
        old_path = renamed.get(path, path)
        old, entry = before.get(old_path), after.get(path)
        if old is not None and entry is not None and old.name == entry.name and old_path == path:
            continue
        file, text = file_difference(
            path,
            None if old is None else old.content(old_path),
            None if entry is None else entry.content(path),
            old_path,
        )
        if file["status"] == "modified" and not text and not file.get("binary") and not file.get("line_ends"):
            continue  # outputs of a notebook
        files.append(file)
        parts.append(text)
    text = "".join(parts)
    difference: CodeDifference = {"origin": "sources", "files": files, "diff": text[:DIFF_LIMIT]}
    if len(text) > DIFF_LIMIT:
        difference["truncated"] = True
    return difference


def _renamed(removed: Mapping[str, Entry], new: Mapping[str, Entry]) -> dict[str, str]:
    """Return the old paths of renamed files by the new one."""
    by_name: dict[str, list[str]] = {}
    for path, entry in removed.items():
        by_name.setdefault(entry.name, []).append(path)
    renamed = {path: by_name[entry.name].pop(0) for path, entry in new.items() if by_name.get(entry.name)}
    old = [path for path in removed if path not in renamed.values() and path != CELLS]
    rest = [path for path in new if path not in renamed and path != CELLS]
    if len(old) + len(rest) <= RENAMES:
        lines = {("a", path): _lines(removed[path].content(path)) for path in old}
        lines |= {("b", path): _lines(new[path].content(path)) for path in rest}
        for path in rest:
            scores = [(_likeness(lines["a", other], lines["b", path]), other) for other in old]
            score, other = max(scores, default=(0.0, ""))
            if score >= ALIKE:
                renamed[path] = other
                old.remove(other)
    return renamed


def _lines(content: bytes) -> frozenset[bytes]:
    return frozenset() if b"\0" in content[:8192] else frozenset(content.split(b"\n")) - {b""}


def _likeness(a: frozenset[bytes], b: frozenset[bytes]) -> float:
    return len(a & b) / max(len(a), len(b)) if a and b else 0.0


def file_difference(
    path: str, old: bytes | None, new: bytes | None, old_path: str = ""
) -> tuple[ChangedFile, str]:
    """Return the difference of a file and its unified diff; contents of None do not exist."""
    status = (
        "added"
        if old is None
        else "removed"
        if new is None
        else "renamed"
        if old_path != path
        else "modified"
    )
    file: ChangedFile = {"path": path, "status": status, "added": 0, "removed": 0}
    if status == "renamed":
        file["old_path"] = old_path
    head = f"diff --git a/{old_path or path} b/{path}\n"
    if old is None:
        head += "new file\n"
    elif new is None:
        head += "deleted file\n"
    elif status == "renamed":
        head += f"rename from {old_path}\nrename to {path}\n"
    contents = [content or b"" for content in (old, new)]
    if any(b"\0" in content[:8192] for content in contents):
        if old != new:
            file["binary"] = True
            head += "Binary files differ\n"
        return file, head
    texts = [_text(path, content) for content in contents]
    before, after = (text.splitlines(keepends=True) for text in texts)
    if texts[0] != texts[1] and [line.rstrip("\r\n") for line in before] == [
        line.rstrip("\r\n") for line in after
    ]:
        file["line_ends"] = True
        return file, f"{head}Only line ends differ\n"
    body = "".join(_unified(before, after, file))
    if not body:
        return file, head if status != "modified" else ""
    names = (
        "/dev/null" if old is None else f"a/{old_path or path}",
        "/dev/null" if new is None else f"b/{path}",
    )
    return file, f"{head}--- {names[0]}\n+++ {names[1]}\n{body}"


def _text(path: str, content: bytes) -> str:
    if path.endswith(".ipynb"):
        try:
            return notebooks.text_of(content)
        except (ValueError, RecursionError):
            pass
    return content.decode("utf-8", "replace")


def _unified(before: list[str], after: list[str], file: ChangedFile) -> Iterator[str]:
    """Yield the hunks of a file, and count its lines. Only the differing middle of both texts is compared."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) + len(new) > LINES:
        groups = [[("replace", 0, len(old), 0, len(new))]] if old or new else []
        start_context = 0
    else:
        start_context = min(3, start)
        rest = min(3, end)
        old = before[start - start_context : len(before) - end + rest]
        new = after[start - start_context : len(after) - end + rest]
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        groups = [list(group) for group in matcher.get_grouped_opcodes(3)]
    shift = start - start_context
    for group in groups:
        first, last = group[0], group[-1]
        yield (
            f"@@ -{_range(first[1] + shift, last[2] + shift)} +{_range(first[3] + shift, last[4] + shift)} @@\n"
        )
        for tag, a, a_end, b, b_end in group:
            if tag == "equal":
                yield from map(_context, old[a:a_end])
                continue
            file["removed"] += a_end - a
            file["added"] += b_end - b
            yield from (_line("-", line) for line in old[a:a_end])
            yield from (_line("+", line) for line in new[b:b_end])


def _context(line: str) -> str:
    return _line(" ", line)


def _line(mark: str, line: str) -> str:
    text = line.rstrip("\r\n")
    return (
        f"{mark}{text}\n" if line.endswith(("\n", "\r")) else f"{mark}{text}\n\\ No newline at end of file\n"
    )


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
