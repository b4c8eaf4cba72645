"""Mirror of the files of projects: boards, descriptions, analyses and documents. Local changes since the last sync are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from runicorn.store import layout
from runicorn.store.project import analysis, boards, description, documents
from runicorn.store.project.board_schema import InvalidBoard
from runicorn_tools.sync.manifest.scan import Item
from runicorn_tools.sync.transport import RemoteFiles, join_path

STATE = ".sync_boards.json"

T = TypeVar("T")


def mirror_projects(
    remote: RemoteFiles, remote_root: str, root: Path, state_dir: Path, projects: Iterable[str]
) -> tuple[int, list[str]]:
    """Fetch the files of projects that are new or changed on the remote host, and remove those deleted there.

    Args:
        remote: the files of the remote host.

    Returns:
        How many were written or removed, and what is wrong with the others.

    Raises:
        ConnectionError: the connection is lost.
    """
    mirror = _ProjectMirror(remote, remote_root, root, layout.read_json(state_dir / STATE)[0])
    before = dict(mirror.entries)
    for project in projects:
        mirror.sync_boards(project)
        mirror.sync_description(project)
        mirror.sync_analysis(project)
        for folder in documents.FOLDERS:
            mirror.sync_documents(project, folder)
    if mirror.entries != before:
        layout.write_json(state_dir / STATE, mirror.entries)
    return mirror.changes, mirror.problems


class _ProjectMirror:
    """One sync.

    Attributes:
        known: size and time of the remote file, and version of the local one: of boards by `project/name`, of
            descriptions by `project`, of analyses by `project//analysis`, of documents by `project//folder/name`.
        changes: files written or removed.
        problems: what is wrong with the others.
    """

    def __init__(self, remote: RemoteFiles, remote_root: str, root: Path, state: dict[str, Any]) -> None:
        self._remote, self._remote_root, self._root = remote, remote_root, root
        self.entries = {key: entry for key, entry in state.items() if isinstance(entry, list)}
        self.changes = 0
        self.problems: list[str] = []

    def sync_boards(self, project: str) -> None:
        folder = f"{project}/{boards.BOARDS}"
        none: list[Item] = []
        items = self._unless_unreachable(
            lambda: self._remote.list(join_path(self._remote_root, folder)), none
        )
        if items is None:
            return
        boards_by_name = {
            item.name.removesuffix(boards.SUFFIX): item
            for item in sorted(items, key=lambda item: item.name)
            if not item.is_folder and item.name.endswith(boards.SUFFIX)
        }
        for name, item in list(boards_by_name.items())[: boards.MOST_BOARDS]:
            key, mark = f"{project}/{name}", [item.size, item.mtime]
            *last, version = self.entries.get(key, [boards.NONE])
            if last != mark:
                with self._reported(f"{folder}/{item.name}"):
                    self.entries[key] = [*mark, self._write_board(project, name, item, str(version))]
        for key in [key for key in self.entries if key.rpartition("/")[0] == project]:
            name = key.rpartition("/")[2]
            if name not in boards_by_name:
                with self._reported(f"{folder}/{name}{boards.SUFFIX}"):
                    self._delete_board(project, name, str(self.entries[key][-1]))
                    del self.entries[key]

    def _write_board(self, project: str, name: str, item: Item, version: str) -> str:
        """Replace the board unless it is not the version of the last sync; return the version to compare with."""
        content = self._content(f"{project}/{boards.BOARDS}/{item.name}", item, boards.CEILING)
        board, error = boards.parse(content)
        if error is not None:
            raise InvalidBoard(error)
        try:
            board_file = boards.write(self._root, project, name, board, expected=version)
        except boards.BoardChanged:
            return version
        self.changes += 1
        return board_file.etag

    def _delete_board(self, project: str, name: str, version: str) -> None:
        with suppress(boards.BoardChanged, boards.BoardNotFound):
            boards.delete(self._root, project, name, expected=version)
            self.changes += 1

    def sync_description(self, project: str) -> None:
        path = f"{project}/{description.FILE}"
        missing = Item(description.FILE, False, 0, 0, "")
        item = self._unless_unreachable(
            lambda: self._remote.stat(join_path(self._remote_root, path)), missing
        )
        *last, version = self.entries.get(project, [0, 0, _version("")])
        if item is None or last == [item.size, item.mtime]:
            return
        with self._reported(path):
            text = ""
            if item is not missing:
                content = self._content(path, item, 4 * description.LENGTH)
                if content is None:
                    raise description.DescriptionTooLong(f"The file has {item.size:,} bytes.")
                text = content.decode("utf-8", "replace").removeprefix("\ufeff")
            if _version(description.read(self._root, project)) in (version, _version(text)):
                description.write(self._root, project, text)
                self.changes += 1
                version = _version(description.read(self._root, project))
            self.entries[project] = [item.size, item.mtime, version]

    def sync_analysis(self, project: str) -> None:
        """Fetch baseline, formulas and rules of a project."""
        path, key = f"{project}/{analysis.FILE}", f"{project}//analysis"
        missing = Item(analysis.FILE, False, 0, 0, "")
        item = self._unless_unreachable(
            lambda: self._remote.stat(join_path(self._remote_root, path)), missing
        )
        *last, version = self.entries.get(key, [0, 0, _version(str(analysis.empty()))])
        if item is None or last == [item.size, item.mtime]:
            return
        with self._reported(path):
            content, error = analysis.empty(), None
            if item is not missing:
                content, error = analysis.parse(self._content(path, item, analysis.CEILING))
            if error is not None:
                raise analysis.InvalidAnalysis(error)
            if _version(str(analysis.read(self._root, project))) in (version, _version(str(content))):
                analysis.write(analysis.path_of(self._root, project), content)
                self.changes += 1
                version = _version(str(content))
            self.entries[key] = [item.size, item.mtime, version]

    def sync_documents(self, project: str, folder: str) -> None:
        """Fetch the entries of the notebook, or the reports, of a project."""
        remote_folder, prefix = f"{project}/{folder}", f"{project}//{folder}/"
        none: list[Item] = []
        items = self._unless_unreachable(
            lambda: self._remote.list(join_path(self._remote_root, remote_folder)), none
        )
        if items is None:
            return
        by_name = {
            item.name.removesuffix(documents.SUFFIX): item
            for item in sorted(items, key=lambda item: item.name, reverse=True)
            if not item.is_folder and item.name.endswith(documents.SUFFIX)
        }
        for name, item in list(by_name.items())[: documents.MOST_DOCUMENTS]:
            key, mark = f"{prefix}{name}", [item.size, item.mtime]
            *last, version = self.entries.get(key, [documents.NONE])
            if last != mark:
                with self._reported(f"{remote_folder}/{item.name}"):
                    self.entries[key] = [
                        *mark,
                        self._write_document(project, folder, name, item, str(version)),
                    ]
        for key in [key for key in self.entries if key.startswith(prefix)]:
            name = key.removeprefix(prefix)
            if name not in by_name:
                with self._reported(f"{remote_folder}/{name}{documents.SUFFIX}"):
                    with suppress(documents.DocumentChanged, documents.DocumentNotFound):
                        version = str(self.entries[key][-1])
                        documents.delete(self._root, project, folder, name, expected=version)
                        self.changes += 1
                    del self.entries[key]

    def _write_document(self, project: str, folder: str, name: str, item: Item, version: str) -> str:
        """Replace the document unless it is not the version of the last sync; return the version to compare with."""
        content = self._content(f"{project}/{folder}/{item.name}", item, documents.CEILING)
        if content is None:
            raise documents.InvalidDocument(f"The file has {item.size:,} bytes.")
        try:
            current: str = documents.read(self._root, project, folder, name).etag
        except documents.DocumentNotFound:
            current = documents.NONE
        etag = documents.parse(content, name, 0.0).etag
        if current not in (version, etag):
            return version
        if current != etag:
            try:
                documents.place(self._root, project, folder, name, content, expected=current)
            except documents.DocumentChanged:  # edited here since it was read
                return version
            self.changes += 1
        return etag

    def _content(self, path: str, item: Item, limit: int) -> bytes | None:
        """Return the content of a remote file, or None if it has more than `limit` bytes."""
        pieces: list[bytes] = []
        if item.size <= limit:
            self._remote.read(join_path(self._remote_root, path), 0, limit + 1, pieces.append)
        content = b"".join(pieces)
        return content if item.size <= limit and len(content) <= limit else None

    def _unless_unreachable(self, read: Callable[[], T], missing: T) -> T | None:
        """Return the content, `missing` if there is no such file, or None if the host cannot be reached."""
        try:
            return read()
        except FileNotFoundError:
            return missing
        except ConnectionError:
            raise
        except OSError:
            return None

    @contextmanager
    def _reported(self, path: str) -> Iterator[None]:
        """Report what is wrong with a file, and continue with the next one."""
        try:
            yield
        except ConnectionError:
            raise
        except (
            InvalidBoard,
            layout.InvalidName,
            description.DescriptionTooLong,
            analysis.InvalidAnalysis,
            documents.InvalidDocument,
        ) as error:
            self.problems.append(f"{path}: {error}")
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror or error}")


def _version(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
