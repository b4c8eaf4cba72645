"""Selection of the source files of a program: by git where it can be used, else by a bounded walk."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from runicorn.capture import git
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources.ignore import FILE, Ignore, is_below_ignored, is_ignored
from runicorn.capture.subprocesses import KIBIBYTE, Commands

GIT_SECONDS = 5.0
LIST_LIMIT = 16 * 1024 * KIBIBYTE
WALK_ENTRIES = 50_000
WALK_SECONDS = 5.0
WALK_DEPTH = 12
MOST_LEVELS = 2
"""Levels above script and working directory at which their common folder is the program."""
SUBMODULE_DEPTH = 4
_SKIPPED = (
    "__pycache__ node_modules site-packages venv .venv build dist .git .hg .svn .tox .nox .mypy_cache "
    ".ruff_cache .pytest_cache .ipynb_checkpoints .cache .idea .vscode .eggs .runicorn wandb mlruns lightning_logs "
    "outputs multirun checkpoints"
)
SKIPPED = frozenset(_SKIPPED.split())
"""Folders that contain no sources unless git tracks their files."""
MARKS_OF_OTHERS = ("pyvenv.cfg", "conda-meta", "CACHEDIR.TAG", "server.sqlite3")
"""Names in a folder that is an environment, a cache or the data folder of a viewer."""
_OPEN_DATABASE = re.compile(r"\.(sqlite3?|db3?)-(wal|shm|journal)$")
"""Files beside a SQLite database that a program has open, maybe a viewer."""
_SECRETS = re.compile("|".join(fnmatch.translate(name) for name in git.KEPT_OUT), re.IGNORECASE)


class Candidate(NamedTuple):
    """A file that may be kept.

    Attributes:
        path: relative to the root, with forward slashes.
        about: its `lstat` result.
        is_clean: whether the commit contains it as it is.
        is_tracked: whether git tracks it.
    """

    path: str
    about: os.stat_result
    is_clean: bool = False
    is_tracked: bool = False


class Listing(NamedTuple):
    """The files of a program.

    Attributes:
        root: the top folder of its repository, else the folder of the script or the working directory.
        files: candidates by path.
        commit: the commit of the repository; "" without one.
        is_whole: false if the listing was cut by a limit of time or size.
    """

    root: Path
    files: list[Candidate]
    commit: str
    is_whole: bool


def list_sources(start: ProgramStart, storage: Path, commands: Commands) -> Listing:
    """Return the source files of a program.

    Args:
        start: state of the program when its run began.
        storage: the storage root, which is never part of the sources.
    """
    folder = Path(start.folder)
    script = folder / start.script if start.script else None
    if script is not None and not _is_own(script):
        script = None
    for place in dict.fromkeys([script.parent if script else folder, folder]):
        listing = _Git(place, storage, commands, start.variables).listing()
        if listing is not None:
            return listing
    root = _root_without_git(folder, script)
    return _walk(root, storage, is_shallow=_is_general(root) or _is_within(root, storage))


def is_secret(path: str) -> bool:
    """Return whether a file of this name, or in a folder of this name, contains only keys."""
    return any(map(_SECRETS.match, path.split("/")))


def _is_own(script: Path) -> bool:
    """Return whether a main file belongs to the program, not to an installed tool that runs it."""
    is_tool = script.parent.name in ("bin", "Scripts") and script.suffix != ".py"
    if is_tool or not script.is_file():
        return False
    paths = sysconfig.get_paths()
    others = [paths[name] for name in ("scripts", "purelib", "platlib", "stdlib")]
    resolved = os.path.realpath(script)
    return not any(resolved.startswith(os.path.realpath(place) + os.sep) for place in others) and not (
        {"site-packages", "dist-packages"} & set(script.parts)
    )


def _root_without_git(folder: Path, script: Path | None) -> Path:
    if script is None:
        return folder
    script = Path(os.path.normpath(script))
    if folder in script.parents and not _is_general(folder):
        return folder
    common = Path(os.path.commonpath([folder, script.parent]))
    levels = max(len(place.parts) - len(common.parts) for place in (folder, script.parent))
    if levels <= MOST_LEVELS and not _is_general(common):
        return common
    package = script.parent
    while (package / "__init__.py").is_file() and package != package.parent:
        package = package.parent
    return package


def _is_general(folder: Path) -> bool:
    """Return whether a folder holds much else besides a program: a home, the root, a temporary folder."""
    general = {Path(os.sep), Path(os.path.expanduser("~")), Path("/tmp"), Path("/home"), Path("/root")}
    return folder in general or len(folder.parts) < 2


class _Git:
    """The repository that contains a folder."""

    def __init__(self, folder: Path, storage: Path, commands: Commands, variables: dict[str, str]) -> None:
        self._folder, self._storage, self._commands = folder, storage, commands
        self._variables = {**variables, **git.ENVIRONMENT}
        self._is_whole = True
        self._foreign: dict[str, bool] = {"": False}

    def listing(self) -> Listing | None:
        """Return the tracked files and the untracked ones that git does not ignore; None without git."""
        top = self._ask(self._folder, "rev-parse", "--show-toplevel")
        if not top:
            return None
        root = Path(top.decode("utf-8", "surrogateescape").rstrip("\n"))
        if not root.is_dir():
            return None
        head = self._ask(root, "rev-parse", "--verify", "-q", "HEAD") or b""
        files = list(self._files(root, root, "", bool(head), SUBMODULE_DEPTH))
        own, storage = Ignore.of(root / FILE), _outside(root, self._storage)
        included = [
            file
            for file in files
            if not (own and is_below_ignored([own], file.path))
            and not f"{root}{os.sep}{file.path}".startswith(f"{storage}{os.sep}")
        ]
        return Listing(root, sorted(included), head.decode().strip(), self._is_whole)

    def _files(
        self, root: Path, repository: Path, prefix: str, has_commit: bool, depth: int
    ) -> Iterator[Candidate]:
        tracked = self._names(repository, "ls-files", "-z", "--stage")
        untracked = self._names(repository, "ls-files", "-z", "--others", "--exclude-standard")
        changed = set(self._names(repository, "diff", "--name-only", "-z", "HEAD")) if has_commit else None
        for entry in dict.fromkeys(tracked):
            about, _, name = entry.partition("\t")
            if about.startswith("160000 "):
                if depth and (repository / name / ".git").exists():
                    inner = f"{prefix}{name}/"
                    yield from self._files(root, repository / name, inner, True, depth - 1)
                continue
            is_clean = changed is not None and not prefix and name not in changed
            yield from _candidate(root, prefix + name, is_clean, True)
        for name in untracked:
            is_repository = name.endswith("/")
            if _OPEN_DATABASE.search(name):
                continue
            if not is_repository and not self._is_foreign(root, (prefix + name).rpartition("/")[0]):
                yield from _candidate(root, prefix + name, False, False)

    def _is_foreign(self, root: Path, folder: str) -> bool:
        """Return whether a folder without tracked files is in an environment, a cache or a store."""
        if folder not in self._foreign:
            outer = self._is_foreign(root, folder.rpartition("/")[0])
            self._foreign[folder] = outer or not _may_have_sources(root / folder)
        return self._foreign[folder]

    def _names(self, repository: Path, *arguments: str) -> list[str]:
        answer = self._ask(repository, *arguments)
        if answer is None:
            self._is_whole = False
            return []
        return answer.decode("utf-8", "surrogateescape").split("\0")[:-1]

    def _ask(self, folder: Path, *arguments: str) -> bytes | None:
        answer = self._commands.output(
            ["git", *git.OPTIONS, *arguments],
            timeout=GIT_SECONDS,
            limit=LIST_LIMIT,
            folder=folder,
            environment=self._variables,
        )
        if answer is not None and not answer.whole:
            self._is_whole = False
        return None if answer is None else answer.data


def _candidate(root: Path, name: str, is_clean: bool, is_tracked: bool) -> Iterator[Candidate]:
    try:
        about = os.lstat(root / name)
    except (OSError, ValueError):  # deleted, but still in the index
        return
    if stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode):
        yield Candidate(name, about, is_clean, is_tracked)


def _walk(root: Path, storage: Path, *, is_shallow: bool) -> Listing:
    walk = _Walk(root, _outside(root, storage), time.monotonic)
    walk.visit("", (), 0 if is_shallow else WALK_DEPTH)
    return Listing(root, sorted(walk.files), "", walk.is_whole)


class _Walk:
    def __init__(self, root: Path, storage: Path, clock: Callable[[], float]) -> None:
        self._root, self._storage, self._clock = root, storage, clock
        self._until = clock() + WALK_SECONDS
        self._left = WALK_ENTRIES
        self.files: list[Candidate] = []
        self.is_whole = True

    def visit(self, prefix: str, outer: tuple[Ignore, ...], depth: int) -> None:
        folder = self._root / prefix
        base = prefix.rstrip("/")
        own = [Ignore.of(folder / ".gitignore", base), Ignore.of(folder / FILE, base)]
        rules = (*outer, *(rule for rule in own if rule is not None))
        for entry in self._entries(folder):
            path, is_folder = prefix + entry.name, entry.is_dir(follow_symlinks=False)
            if rules and is_ignored(rules, path, is_folder):
                continue
            if _OPEN_DATABASE.search(entry.name):
                continue
            if not is_folder:
                with suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode):
                        self.files.append(Candidate(path, about))
            elif depth and self._is_source_folder(entry):
                self.visit(f"{path}/", rules, depth - 1)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        if self._left <= 0 or self._clock() > self._until:
            self.is_whole = False
            return []
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []
        if len(listing) > self._left:
            self.is_whole = False
        listing, self._left = listing[: self._left], self._left - len(listing)
        return listing

    def _is_source_folder(self, entry: os.DirEntry[str]) -> bool:
        return not _is_within(Path(entry.path), self._storage) and _may_have_sources(Path(entry.path))


def _may_have_sources(folder: Path) -> bool:
    if folder.name in SKIPPED or folder.name.endswith(".egg-info"):
        return False
    return not any(os.path.lexists(folder / mark) for mark in MARKS_OF_OTHERS)


def _is_within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _outside(root: Path, storage: Path) -> Path:
    """Return the storage root to leave out; a folder that cannot exist if the sources are within it."""
    return root / "\0" if _is_within(root, storage) else storage
