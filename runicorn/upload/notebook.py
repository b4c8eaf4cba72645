"""Upload of the entries of the lab notebook that name a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.project import documents
from runicorn.upload.client import Conflict, Denied, Removed, RequestRejected, Server, Unsupported
from runicorn.upload.state import UploadState


class NotebookUpload:
    """Upload of the entries of one run; the caller holds the lock of the state.

    Attributes:
        problems: why an entry was not sent, by its name; it is sent again when it changes.
    """

    def __init__(self, run_dir: Path, root: Path, state: UploadState, server: Server) -> None:
        self._run_id = run_dir.name
        self._root = root
        relative = run_dir.relative_to(root).parts
        # Runs below `runs/` of Runicorn 0.6 and 0.7 have no folder of their project.
        self._project = relative[0] if relative[0] not in layout.SKIPPED_TOP else ""
        self._state = state
        self._server = server
        self._stamp: tuple[int, ...] = ()
        self.problems: dict[str, str] = {}

    def send(self) -> bool:
        """Send new and changed entries that name the run; return whether there were any.

        Raises:
            ServerUnavailable: the server could not be reached.
        """
        if not self._project:
            return False
        folder = self._root / self._project / documents.NOTEBOOK
        try:
            about = os.stat(folder)
        except OSError:
            return False
        # Entries are replaced as a whole, which changes their folder.
        stamp = (about.st_mtime_ns, about.st_ino)
        if stamp == self._stamp:
            return False
        moved = False
        for name in documents.names(self._root, self._project, documents.NOTEBOOK):
            moved |= self._send(name)
        self._stamp = stamp
        return moved

    def _send(self, name: str) -> bool:
        uploaded = self._state.content["uploaded"]
        key = f"{documents.NOTEBOOK}/{name}"
        try:
            about = os.lstat(documents.path_of(self._root, self._project, documents.NOTEBOOK, name))
            entry = documents.read(self._root, self._project, documents.NOTEBOOK, name)
        except (OSError, ValueError, documents.DocumentNotFound):
            return False
        *mark, etag = uploaded.get(key, [documents.NONE])
        now = [about.st_size, about.st_mtime_ns]
        if self._run_id not in entry.runs or entry.error or mark == now:
            return False
        body = {
            "title": entry.title,
            "kind": entry.kind,
            "runs": list(entry.runs),
            "text": entry.text,
            "author": (entry.authors or [""])[-1][: documents.NAME_LENGTH // 2],
            "created_at": entry.created,
            "etag": etag,
        }
        path = self._server.path("v2", "projects", self._project, documents.NOTEBOOK, name)
        try:
            etag = self._put(path, body)
        except (Conflict, Removed, RequestRejected, Denied, Unsupported) as error:
            # The run itself is sent, whatever the server says about an entry.
            self.problems[name] = f"{documents.NOTEBOOK}/{name}: {error}"
            uploaded[key] = [*now, etag]
            return False
        self.problems.pop(name, None)
        uploaded[key] = [*now, etag]
        self._state.save()
        return True

    def _put(self, path: str, body: dict[str, Any]) -> str:
        """Store an entry and return its version there.

        Raises:
            Conflict: the stored one has changes that are not in this one.
        """
        try:
            return str(self._server.json("PUT", path, body)["etag"])
        except Conflict:
            # An earlier run may have sent the entry, whose version this run does not know.
            try:
                document = self._server.json("GET", path)
            except Removed:
                document = None
            if document is None or not _continues(body, document):
                raise
        return str(self._server.json("PUT", path, {**body, "etag": document["etag"]})["etag"])


def _continues(entry: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Return whether an entry is the stored one with paragraphs and runs added; of very many runs it names the last."""
    return (
        (entry["title"], entry["kind"]) == (document["title"], document["kind"])
        and (len(entry["runs"]) == documents.MOST_RUNS or set(document["runs"]) <= set(entry["runs"]))
        and f"{entry['text']}\n".startswith(f"{document['text']}\n" if document["text"] else "")
    )
