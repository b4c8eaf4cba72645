"""Upload of the files of one run while they are written.

Each pass sends new data: first the description of the run, then media, then the journal lines that refer to them, and the
status of an ended run last. The server reports the size of its copy: a growing file is appended exactly at its end
there, so nothing is sent twice or left out, even if a process is killed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.capture.sources.record import ENDING, packs_of
from runicorn.newer_python import sha256
from runicorn.store import layout
from runicorn.store.run_files import CELLS, SUBFOLDERS, is_in_subfolder, is_source, pack_of
from runicorn.upload.artifacts import Artifacts
from runicorn.upload.client import PART, UNKNOWN, Conflict, Removed, RequestRejected, Server
from runicorn.upload.notebook import NotebookUpload
from runicorn.upload.state import UploadState

EARLY = (layout.CONFIG, layout.SUMMARY, layout.ENVIRONMENT, layout.IMPORT_REPORT)


class RunDeleted(Exception):
    """The run was removed on the server."""


class RunUpload:
    """Upload of the files of one run; the caller holds the lock of the state."""

    def __init__(self, run_dir: Path, root: Path, state: UploadState, server: Server) -> None:
        self.run_dir = run_dir
        self._state = state
        self._server = server
        self._uploaded: dict[str, Any] = state.content["uploaded"]
        self._sizes: dict[str, int] = {}
        self._artifacts = Artifacts(run_dir, root, state, server)
        self._notebook = NotebookUpload(run_dir, root, state, server)
        self.problems: dict[str, str] = {}
        """Why a file was rejected, by file; sent again when the file changes."""

    def close(self) -> None:
        self._server.close()

    def one_pass(self) -> bool:
        """Send new data; return whether there was any.

        Raises:
            ServerUnavailable: the server could not be reached.
            RunDeleted: the run was removed on the server.
            Conflict: the server serves the same store, or has another run with this id.
            OSError: the folder of the run cannot be read.
        """
        # Before the media: no line may arrive before the file that it refers to.
        whole, parts = self._in_subfolders()
        sizes = {
            name: size
            for name in [*parts, *sorted(layout.GROWING)]
            if (size := _size(self.run_dir / name)) is not None
        }
        moved = self._small(layout.META)
        if layout.META not in self._uploaded:
            self.problems[layout.META] = "meta.json is missing or cannot be read."
        if layout.META in self.problems:
            return moved  # nothing can be sent before it
        try:
            ended = layout.read_json(self.run_dir / layout.STATUS)[0].get("status") != layout.RUNNING
            if not ended:
                moved |= self._small(layout.STATUS)
            for name in EARLY:
                moved |= self._small(name)
            moved |= self._artifacts.send(self._changed, self._note_sent)
            for name in [name for name in whole if not is_source(name)]:
                moved |= self._large(name)
            moved |= self._sources()
            for name, size in sizes.items():
                moved |= self._grow(name, size)
            moved |= self._notebook.send()
            if ended:
                moved |= self._small(layout.STATUS)
        except Removed as error:
            raise RunDeleted(str(error)) from error
        return moved

    def all_problems(self) -> list[str]:
        """Return why files, versions of artifacts and entries of the notebook were not sent."""
        return [
            *self.problems.values(),
            *self._artifacts.problems.values(),
            *self._notebook.problems.values(),
        ]

    def differences(self) -> list[str]:
        """Return the files whose digest differs on the server; replaceable ones are sent again.

        Raises:
            ServerUnavailable: the server could not be reached.
        """
        differing = []
        whole, parts = self._in_subfolders()
        for name in [*(layout.META, layout.STATUS), *EARLY, *whole, *parts, *sorted(layout.GROWING)]:
            try:
                with (self.run_dir / name).open("rb") as file:
                    size = file.seek(0, os.SEEK_END)
                    file.seek(0)
                    digest = f"sha256:{sha256(file)}"
            except FileNotFoundError:
                continue
            there = self._server.digest(name, size if layout.grows(name) else None)
            if there not in (digest, UNKNOWN):
                differing.append(name)
                self._uploaded.pop(name, None)
                self._sizes.pop(name, None)
        return differing

    def _small(self, name: str) -> bool:
        mark = self._changed(name)
        if mark is None:
            return False
        try:
            content = _platform.read_regular(self.run_dir / name, layout.JSON_CEILING, follow_links=False)
        except FileNotFoundError:
            return False
        if len(content) > PART:
            return self._large(name)
        try:
            self._server.replace(name, content)
        except RequestRejected as error:
            return self._refused(name, mark, error)
        except Conflict as error:
            if error.same_store or name == layout.META:
                raise
            return self._refused(name, mark, error)
        return self._note_sent(name, mark)

    def _sources(self) -> bool:
        """Send the sources, but for packs that the server knows from other runs."""
        moved = self._small(layout.SOURCES_FILE)
        packs = packs_of(layout.read_json(self.run_dir / layout.SOURCES_FILE)[0])
        for name in [f"{layout.SOURCES}/{digest}{ENDING}" for digest in packs] + [
            f"{layout.SOURCES}/{CELLS}"
        ]:
            mark, digest = self._changed(name), pack_of(name)
            if mark is None:
                continue
            if digest and self._server.digest(name) == f"sha256:{digest}":
                moved |= self._note_sent(name, mark)
            else:
                moved |= self._large(name)
            # Servers of earlier versions refuse sources, without which a run is complete.
            self.problems.pop(name, None)
        self.problems.pop(layout.SOURCES_FILE, None)
        return moved

    def _large(self, name: str) -> bool:
        mark = self._changed(name)
        if mark is None:
            return False
        path = self.run_dir / name
        try:
            if mark[0] > PART:
                self._server.replace_large(name, path)
            else:
                self._server.replace(name, _platform.read_regular(path, PART + 1, follow_links=False))
        except FileNotFoundError:
            return False
        except (RequestRejected, Conflict) as error:
            return self._refused(name, mark, error)
        return self._note_sent(name, mark)

    def _grow(self, name: str, size: int) -> bool:
        """Send the first `size` bytes of a file beyond the server's size."""
        moved = False
        while (there := self._sizes.get(name, -1)) < size:
            try:
                content = self._bytes(name, there, size) if there >= 0 else b""
            except FileNotFoundError:  # a chunk of samples that was sealed meanwhile
                return moved
            try:
                self._sizes[name] = self._server.append(name, max(there, 0), content)
            except Conflict as error:
                if error.size is None or error.size == there:
                    return self._refused(name, [size], error)
                self._sizes[name] = error.size
            except RequestRejected as error:
                return self._refused(name, [size], error)
            moved = True
        if there > size:
            self.problems[name] = f"{name} has {there} bytes on the server and only {size} here."
        else:
            self.problems.pop(name, None)
        return moved

    def _bytes(self, name: str, offset: int, size: int) -> bytes:
        fd = _platform.open_regular(self.run_dir / name, follow_links=False)
        try:
            return _platform.read_at(fd, min(PART, size - offset), offset)
        finally:
            os.close(fd)

    def _in_subfolders(self) -> tuple[list[str], list[str]]:
        """Return the files of media and samples that are sent as a whole, and those that are appended to."""
        names = []
        for top in SUBFOLDERS:
            for folder, _, files in os.walk(self.run_dir / top):
                place = Path(folder).relative_to(self.run_dir).as_posix()
                names += [f"{place}/{name}" for name in files if is_in_subfolder(f"{place}/{name}")]
        names.sort()
        return [n for n in names if not layout.grows(n)], [n for n in names if layout.grows(n)]

    def _changed(self, name: str) -> list[int] | None:
        """Return the state of a file if it differs from the one sent or rejected; None otherwise."""
        try:
            about = os.lstat(self.run_dir / name)
        except OSError:
            return None
        mark = [about.st_size, about.st_mtime_ns, about.st_ino]
        return None if self._uploaded.get(name) == mark else mark

    def _note_sent(self, name: str, mark: Any) -> bool:
        self._uploaded[name] = mark
        self.problems.pop(name, None)
        self._state.content["answered"] = True
        self._state.save()
        return True

    def _refused(self, name: str, mark: Any, error: Exception) -> bool:
        self._uploaded[name] = mark
        self.problems[name] = f"{name}: {error}"
        return False


def _size(path: Path) -> int | None:
    try:
        return os.lstat(path).st_size
    except OSError:
        return None
