"""States of a repository with uncommitted changes, compared by git without touching the repository."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from runicorn.capture import git

SECONDS = 20.0
State = tuple[str, str]
"""A commit, and a patch of it."""


def diff(folder: Path, a: State, b: State) -> str | None:
    """Return the diff of two states; None if the repository, one of the commits, or git is missing.

    Args:
        folder: a folder of the repository.
        a, b: each a commit and a patch of its uncommitted changes, which may be empty.
    """
    top = _git(folder, "rev-parse", "--absolute-git-dir")
    if top is None:
        return None
    objects = Path(top.decode().strip(), "objects")
    with tempfile.TemporaryDirectory() as work:
        variables = {
            "GIT_OBJECT_DIRECTORY": str(Path(work, "objects")),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }
        trees = [
            _tree(folder, state, Path(work, f"index{number}"), variables)
            for number, state in enumerate((a, b))
        ]
        if None in trees:
            return None
        options = ("--no-ext-diff", "--no-textconv", "--no-color", "-M", "--src-prefix=a/", "--dst-prefix=b/")
        text = _git(folder, "diff", *options, str(trees[0]), str(trees[1]), variables=variables)
    return None if text is None else text.decode("utf-8", "replace")


def _tree(folder: Path, state: State, index: Path, variables: dict[str, str]) -> str | None:
    """Return the tree of a commit with a patch."""
    commit, patch = state
    variables = {**variables, "GIT_INDEX_FILE": str(index)}
    Path(variables["GIT_OBJECT_DIRECTORY"]).mkdir(exist_ok=True)
    if not commit.isalnum() or _git(folder, "read-tree", commit, variables=variables) is None:
        return None
    if patch:
        applied = _git(
            folder, "apply", "--cached", "--whitespace=nowarn", "-", variables=variables, input=patch
        )
        if applied is None:
            return None
    tree = _git(folder, "write-tree", variables=variables)
    return None if tree is None else tree.decode().strip()


def _git(
    folder: Path, *arguments: str, variables: dict[str, str] | None = None, input: str = ""
) -> bytes | None:
    try:
        process = subprocess.run(
            ["git", *git.OPTIONS, *arguments],
            cwd=folder,
            env={**os.environ, **git.ENVIRONMENT, **(variables or {})},
            input=input.encode("utf-8", "replace"),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout if process.returncode == 0 else None
