"""Watch of the folders of artifacts, each of which changes with its versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runicorn.artifacts.store import Store
from runs.store.folder_watch import CannotWatch, FolderWatch


class ArtifactFolders:
    """The folders of the artifacts of one storage root."""

    def __init__(self, root: Path, ring: Callable[[], object]) -> None:
        """Start to watch, where the kernel tells changes; `ring` is called after each."""
        self._root = root
        self._watch: FolderWatch | None = None
        try:
            self._watch = FolderWatch(
                str(root), ring, lambda folder, name: folder != "" or name == Store(root).path.name
            )
        except CannotWatch:
            return

    @property
    def are_watched(self) -> bool:
        return self._watch is not None and self._watch.is_complete

    def have_changed(self) -> bool:
        """Return whether artifacts may have changed since the last call; list them afterwards."""
        if self._watch is None:
            return True
        self._watch.check_root()
        if not self._watch.collect() and len(self._watch):
            return not self.are_watched
        # Each before those in it: what appears meanwhile is reported by the folder above.
        store = Store(self._root)
        for path in (self._root, store.path):
            self._add(path)
        for kind in store.path.iterdir() if store.path.is_dir() else ():
            if not kind.name.startswith("."):
                self._add(kind)
        for folder in store.folders():
            self._add(folder.path)
        return True

    def _add(self, path: Path) -> None:
        assert self._watch is not None
        self._watch.add("" if path == self._root else path.relative_to(self._root).as_posix())

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
