"""Scan of the folders of a store, with one stat for each folder that did not change. No Django.

`<root>/<project>/<name>/runs/<id>`, and `<root>/runs/<path…>/<id>` of Runicorn 0.6 and 0.7. No symbolic link is followed:
its target inside the store is found by its own path, any other target is outside.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.store import layout, pending_imports
from runicorn.store.find import is_run, link_problem, list_folders

YOUNG_SECONDS = 2.0
"""A folder modified this shortly before it was listed may change again without a new timestamp."""
YOUNG_NETWORK_SECONDS = 60.0


@dataclass(slots=True)
class Folder:
    """A folder of the store and its subfolders at the last successful listing."""

    names: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    """Names that may be runs; below `<root>/runs`, names that are runs."""
    modified: int | None = None
    device: int | None = None
    young: bool = True
    error: str | None = None
    """Why the last listing failed; `names` are then those of an earlier one."""
    links: list[str] = field(default_factory=list)


class Walk:
    def __init__(self, root: Path, device: int | None = None) -> None:
        self.root = root
        self.young_seconds = YOUNG_SECONDS
        self.folders: dict[str, Folder] = {"": Folder(device=device)}
        self.changed: set[str] = set()
        self.removed: set[str] = set()
        self.before_listing: Callable[[str], object] = lambda relative: None
        """Called with each folder before it is listed, so that no later change is missed."""

    def go(self) -> None:
        """Scan every folder above the runs.

        Afterwards `changed` has the folders that were listed again, and `removed` the runs that are gone.
        """
        pending_imports.finish(self.root)
        self.changed, self.removed = set(), set()
        present = {""}
        top = self._refresh("")
        if top.error:
            return
        self._groups(layout.RUNS, present, layout.PATH_DEPTH)
        for project in sorted(top.names):
            present.add(project)
            for name in sorted(self._refresh(project).names):
                self._runs(f"{project}/{name}/{layout.RUNS}", present)
        for relative in self.folders.keys() - present:
            self._record_change(relative, self.folders.pop(relative), set())

    def _record_change(self, relative: str, folder: Folder, names: set[str]) -> None:
        self.changed.add(relative)
        self.removed.update(f"{relative}/{name}" for name in folder.runs - names)

    def _runs(self, relative: str, present: set[str]) -> None:
        folder = self._refresh(relative)
        if folder.device is None:
            # The folder above is listed by nobody: told of it, the caller learns when this one appears.
            self.before_listing(relative.rpartition("/")[0])
            folder = self._refresh(relative)
        folder.runs = folder.names
        present.add(relative)

    def _groups(self, relative: str, present: set[str], depth: int) -> None:
        """Scan a folder of `<root>/runs` that is not a run, and those below it."""
        folder = self._refresh(relative)
        present.add(relative)
        folder.runs &= folder.names
        for name in sorted(folder.names - folder.runs) if depth else ():
            if is_run(self.root / relative / name):
                folder.runs.add(name)
                self.changed.add(relative)
            else:
                self._groups(f"{relative}/{name}", present, depth - 1)

    def forget(self, relative: str) -> None:
        """List a folder again at the next scan, even if its modification time is the same."""
        if relative in self.folders:
            self.folders[relative].modified = None

    def runs(self, among: set[str] | None = None) -> Iterator[str]:
        """Yield the paths of possible run folders, or of those in some folders, relative to the root."""
        for relative in self.folders if among is None else among & self.folders.keys():
            for name in self.folders[relative].runs:
                yield f"{relative}/{name}"

    def has(self, run: str) -> bool:
        """Return whether `runs()` has this path."""
        parent, _, name = run.rpartition("/")
        return parent in self.folders and name in self.folders[parent].runs

    def certain(self, folder: str) -> bool:
        """Return whether a run folder missing from `runs()` is certainly gone: its parent could be read."""
        parts = folder.split("/")
        above = ("/".join(parts[:depth]) for depth in range(len(parts) + 1))
        return not any(self.folders[path].error for path in above if path in self.folders)

    def problems(self) -> list[str]:
        """Return sentences about folders that could not be listed or are not followed."""
        sentences = []
        for relative, folder in self.folders.items():
            if folder.error:
                sentences.append(f"{relative or 'The storage root'} could not be listed: {folder.error}.")
            sentences += folder.links
        return sentences

    def _refresh(self, relative: str) -> Folder:
        folder = self.folders.setdefault(relative, Folder())
        path = self.root / relative
        try:
            about = os.stat(path, follow_symlinks=False)
            if stat.S_ISLNK(about.st_mode):
                self._record_change(relative, folder, set())
                self.folders[relative] = folder = Folder(links=link_problem(self.root, relative))
            elif about.st_mtime_ns != folder.modified or folder.young or folder.error:
                self._list(relative, path, folder, about)
        except (FileNotFoundError, NotADirectoryError) as error:
            self._missing(relative, folder, error)
        except OSError as error:
            folder.error = error.strerror or str(error)
        return folder

    def _list(self, relative: str, path: Path, folder: Folder, about: os.stat_result) -> None:
        self.before_listing(relative)
        names, links = list_folders(self.root, path, relative)
        # An unmounted disk leaves an empty folder on another device: nothing was deleted.
        if not names and folder.device not in (None, about.st_dev) and not os.listdir(path):
            folder.error = "it is empty and on another device than before, so a disk seems not to be mounted"
            return
        self._record_change(relative, folder, names)
        folder.names, folder.links, folder.error = names, links, None
        folder.modified, folder.device = about.st_mtime_ns, about.st_dev
        folder.young = time.time() - about.st_mtime < self.young_seconds

    def _missing(self, relative: str, folder: Folder, error: OSError) -> None:
        if relative == "":
            folder.error = error.strerror or str(error)
            return
        if folder.names:
            self._record_change(relative, folder, set())
        self.folders[relative] = Folder(young=False)
