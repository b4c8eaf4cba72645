"""A folder with the exact sources of a run: from the stored ones, else from the commit and the recorded changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.capture import git
from runicorn.capture.redaction import Masking
from runicorn.capture.sources import pack
from runicorn.capture.sources.record import LATE_SECONDS
from runicorn.store import layout
from runicorn_tools.differences import patches
from runicorn_tools.differences.facts import RunFacts

SECONDS = 120.0
NAMED = 3
"""Number of outputs of earlier runs that are named."""
CELLS_SCRIPT = "cells.ipy"
"""Script for IPython with the notebook cells that ran."""


class Unrestorable(Exception):
    """The sources are missing; the text is a sentence."""


@dataclass
class Restored:
    """What was restored.

    Attributes:
        origin: "sources" or "commit".
        remarks: sentences about files that are not as they were.
    """

    origin: str
    remarks: list[str] = field(default_factory=list)


def check(run: RunFacts) -> tuple[str, list[str]]:
    """Return where the sources of a run come from, and sentences about what will not be the same.

    Raises:
        Unrestorable: they are missing.
    """
    _await_late(run)
    if run.sources:
        try:
            files = run.sources.files
        except (OSError, ValueError) as error:
            raise Unrestorable(f"The stored sources cannot be read: {error}.") from error
        return "sources", [*_masked(run, files), *_skipped(run), *_written(run)]
    if run.cells:
        return "sources", []
    if not run.commit and run.sources.is_unfinished:
        raise Unrestorable(
            "The sources of the run were not completely stored: it ended before, or was ended."
        )
    if not run.commit:
        raise Unrestorable("The run has neither stored sources nor a commit.")
    repository = _repository(run)
    if repository is None:
        raise Unrestorable(
            f"The run has no stored sources, and no repository with its commit {run.commit[:8]} is here."
        )
    patch = patches.of_git(run.git)
    remarks = ["Untracked files were not recorded."]
    if patch.is_cut:
        remarks.append("The recorded changes of tracked files are not complete.")
    return "commit", remarks


def _await_late(run: RunFacts) -> None:
    """Wait for sources that are stored after the end of the run."""
    try:
        ended = (run.folder / layout.STATUS).stat().st_mtime
    except OSError:
        return
    deadline = time.monotonic() + min(ended + LATE_SECONDS - time.time(), LATE_SECONDS)
    while _may_come(run) and time.monotonic() < deadline:
        time.sleep(0.1)
        run.sources.refresh()


def _may_come(run: RunFacts) -> bool:
    """Return whether sources are being stored, or may be soon: on a busy machine not even the environment is there yet."""
    is_captured = bool(run.sources.about) or (run.folder / layout.ENVIRONMENT).exists()
    return run.sources.is_unfinished or not is_captured


def restore(run: RunFacts, folder: Path) -> Restored:
    """Write the sources of a run into an empty folder.

    Raises:
        Unrestorable: they are missing.
        OSError: the folder cannot be written.
    """
    origin, remarks = check(run)
    folder.mkdir(parents=True, exist_ok=True)
    if origin == "sources":
        _write_stored(run, folder)
        if run.cells:
            place = str(run.sources.about.get("folder") or ".")
            path = _target(folder, CELLS_SCRIPT if place == "." else f"{place}/{CELLS_SCRIPT}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(run.cells, encoding="utf-8")
    else:
        _write_commit(run, folder)
    return Restored(origin, remarks)


def _write_stored(run: RunFacts, folder: Path) -> None:
    for file, content in run.sources.contents(list(run.sources.files.values())):
        path = _target(folder, file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if pack.LINK in file.flags:
            if not os.path.lexists(path):
                os.symlink(os.fsdecode(content), path)
            continue
        path.write_bytes(_original(run, file) or content)
        if pack.EXECUTABLE in file.flags:
            path.chmod(0o755)
    for item in [*_left_out(run), *_outputs(run)]:
        source = _root(run) / item
        if source.is_file():
            target = _target(folder, item)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _target(folder: Path, name: str) -> Path:
    """Return the path of a file; a store may come from another user.

    Raises:
        Unrestorable: it would be outside of the folder.
    """
    parts = name.split("/")
    path = folder
    for part in parts:
        if part in ("", ".", "..") or "\\" in part or "\0" in part or path.is_symlink():
            raise Unrestorable(f"The path {name!r} of a stored file is invalid.")
        path = path / part
    return path


def _write_commit(run: RunFacts, folder: Path) -> None:
    repository = _repository(run)
    if (
        repository is None
        or _git(repository, "worktree", "add", "--detach", "--force", str(folder), run.commit) is None
    ):
        raise Unrestorable(f"git cannot check out the commit {run.commit[:8]}.")
    patch = patches.of_git(run.git).text
    if patch and _git(folder, "apply", "--whitespace=nowarn", "-", input=patch) is None:
        raise Unrestorable("The recorded changes do not apply to their commit.")


def _repository(run: RunFacts) -> Path | None:
    """Return a folder of a repository here that has the commit of a run."""
    for place in (run.sources.about.get("root"), run.environment.get("working_dir"), os.getcwd()):
        folder = Path(str(place)) if place else None
        is_possible = folder is not None and folder.is_dir() and run.commit.isalnum()
        if is_possible and folder and _git(folder, "cat-file", "-e", f"{run.commit}^{{commit}}") is not None:
            return folder
    return None


def _original(run: RunFacts, file: pack.File) -> bytes | None:
    """Return the content of a masked file before it was masked, if the commit or the folder of the run has it."""
    if not file.is_masked:
        return None
    stored_content = run.sources.read(file.path)
    candidates = []
    path = _root(run) / file.path
    if path.is_file() and not path.is_symlink():
        candidates.append(path.read_bytes())
    if pack.CLEAN in file.flags and (repository := _repository(run)) is not None:
        content = _git(repository, "show", f"{run.commit}:{file.path}")
        candidates += [content] if content is not None else []
    hide = Masking(dict(os.environ))
    for content in candidates:
        text = content.decode("utf-8", "replace")
        if pack.CLEAN in file.flags or hide.text(text).encode() == stored_content:
            return content
    return None


def _masked(run: RunFacts, files: dict[str, pack.File]) -> list[str]:
    lost = [file.path for file in files.values() if file.is_masked and _original(run, file) is None]
    return [f"{path} contains a masked secret (***)." for path in lost]


def _root(run: RunFacts) -> Path:
    return Path(str(run.sources.about.get("root") or os.sep + "nowhere"))


def _left_out(run: RunFacts) -> list[str]:
    skipped = run.sources.about.get("skipped")
    items = [item for item in skipped if isinstance(item, dict)] if isinstance(skipped, list) else []
    return [str(item.get("path")) for item in items if item.get("reason") in ("size", "binary", "total")]


def _skipped(run: RunFacts) -> list[str]:
    sentences = []
    for path in _left_out(run):
        if (_root(run) / path).is_file():
            sentences.append(f"{path} is not stored; it is copied from {_root(run)} as it is now.")
        else:
            sentences.append(f"{path} is not stored, and is no longer in {_root(run)}.")
    if run.sources.about.get("is_whole") is False:
        sentences.append("The list of source files was cut: some may be missing.")
    return sentences


def _written(run: RunFacts) -> list[str]:
    """Return a sentence about files that earlier runs wrote into the folder, if there were any."""
    paths = _outputs(run)
    if not paths:
        return []
    count, names = run.sources.about.get("written_count"), ", ".join(paths[:NAMED])
    if not isinstance(count, int) or count <= len(paths[:NAMED]):
        return [f"Files that runs wrote are not stored: {names}."]
    return [f"Files that runs wrote are not stored: {names} and {count - len(paths[:NAMED]):,} more."]


def _outputs(run: RunFacts) -> list[str]:
    paths = run.sources.about.get("written")
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def _git(folder: Path, *arguments: str, input: str = "") -> bytes | None:
    try:
        process = subprocess.run(
            ["git", *git.OPTIONS, "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=folder,
            env={**os.environ, **git.ENVIRONMENT},
            input=input.encode("utf-8", "replace"),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout if process.returncode == 0 else None
