"""Upload of the artifacts of a run: missing contents, then the version, then the run's record of it.

The server has its own version numbers, so the records are sent with the server's numbers. Used versions are recorded on
the server only if they were uploaded from here too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runicorn.artifacts import verify
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.manifest import FileEntry
from runicorn.artifacts.records import ENTRIES
from runicorn.artifacts.store import Store, Version
from runicorn.artifacts.uploads import PREFIX
from runicorn.store import layout
from runicorn.upload.client import PART, Conflict, Removed, RequestRejected, Server
from runicorn.upload.state import UploadState

FILES_PER_REQUEST = 5000
"""Maximum number of files in one request."""
TOGETHER = 256 * 1024
"""Size up to which contents are sent in batches."""
ROUNDS = 3
PATIENCE = 900.0
"""Timeout of requests in which the server reads a large content again, or creates a version of many files."""

Changed = Callable[[str], Any]
Sent = Callable[[str, Any], bool]


class Artifacts:
    """Upload of the artifacts of one run."""

    def __init__(self, run_dir: Path, root: Path, state: UploadState, server: Server) -> None:
        self._run_dir = run_dir
        self._root = root
        self._state = state
        self._server = server
        self._versions: dict[str, int] = state.content["versions"]
        self._uploads: dict[str, str] = state.content["uploads"]
        self.problems: dict[str, str] = {}
        """Why a version was not sent, by version; retried when the run creates another one, or manually."""

    def send(self, changed: Changed, on_sent: Sent) -> bool:
        """Send the versions that the run created, and its two records; return whether anything was sent."""
        moved = False
        for name in (layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED):
            mark = changed(name)
            if mark is None:
                continue
            before = layout.read_json(self._run_dir / name)[0].get(ENTRIES)
            entries = []
            for entry in before if isinstance(before, list) else []:
                number = self._number(entry, name == layout.ARTIFACTS_CREATED)
                if number is not None:
                    entries.append({**entry, "version": number})
            self._server.replace(name, layout.json_content({ENTRIES: entries}))
            moved |= on_sent(name, mark)
        return moved

    def _number(self, entry: Any, is_output: bool) -> int | None:
        """Return the number of a version on the server; None if it is missing there."""
        if not isinstance(entry, dict):
            return None
        key = f"{entry.get('type')}/{entry.get('name')}:v{entry.get('version')}"
        if key not in self._versions and is_output:
            try:
                self._versions[key] = self._send(key, entry)
            except (
                ArtifactError,
                OSError,
                RequestRejected,
                Removed,
                Conflict,
                LookupError,
                TypeError,
            ) as error:
                self.problems[key] = f"{key} could not be sent: {error}"
                return None
            self.problems.pop(key, None)
            self._state.save()
        return self._versions.get(key)

    def _send(self, key: str, entry: dict[str, Any]) -> int:
        version = Store(self._root).find(entry["name"], entry["type"]).existing(entry["version"])
        there = self._sent_before(version)
        try:
            return self._upload(key, version) if there is None else there
        except Removed:  # it was completed by a request whose answer was lost
            there = self._sent_before(version)
            if there is None:
                raise
            return there

    def _sent_before(self, version: Version) -> int | None:
        """Return the server's number of this version if it was created before a previous process was killed."""
        own, artifact = self._server.path, version.artifact
        try:
            path = own("artifacts", artifact.name, "versions")
            server_versions = self._server.json("GET", path, type=artifact.type, include_deleted="true")
        except Removed:
            return None
        own_files = {(file.path, file.digest) for file in version.manifest.files}
        for about in server_versions:
            number = about["version"]
            if about["created_by_run"] != self._run_dir.name or number in self._versions.values():
                continue
            path = own("artifacts", artifact.name, f"v{number}", "files")
            files = self._server.json("GET", path, type=artifact.type)["files"]
            if {(file["path"], file["digest"]) for file in files} == own_files:
                return int(number)
        return None

    def _upload(self, key: str, version: Version) -> int:
        upload, missing = self._declare(key, version)
        for rounds_left in reversed(range(ROUNDS)):
            self._contents(upload, version, missing)
            try:
                response = self._server.json("POST", f"{upload}/complete", patience=PATIENCE)
            except Conflict:
                if not rounds_left:
                    raise
                # Received data may have been discarded before the version used it.
                missing = set(self._server.json("GET", upload)["missing"])
                continue
            self._uploads.pop(key, None)
            return int(response["version"])
        raise AssertionError("unreachable: the last round returns or raises")

    def _declare(self, key: str, version: Version) -> tuple[str, set[str]]:
        """Return the path of an upload with all files declared, and the digests that the server lacks."""
        files, state = version.manifest.files, None
        if key in self._uploads:
            with suppress(Removed):
                state = self._server.json("GET", self._path(key))
        if state is None:
            state = self._server.json("POST", "/api/artifacts/uploads", self._about(version))
            self._uploads[key] = state["upload_id"]
            self._state.save()
        missing = set(state["missing"])
        for portion in _portions(files[state.get("described_files", 0) :]):
            answer = self._server.json("POST", f"{self._path(key)}/files", {"files": portion})
            missing |= set(answer["missing"])
        return self._path(key), missing

    def _path(self, key: str) -> str:
        return self._server.path("artifacts", "uploads", self._uploads[key])

    def _about(self, version: Version) -> dict[str, Any]:
        manifest, metadata = version.manifest, version.metadata
        return {
            "name": version.artifact.name,
            "type": version.artifact.type,
            "run_id": self._run_dir.name,
            "description": metadata.description,
            "metadata": metadata.metadata,
            "tags": metadata.tags,
            "files": [],
            "total_files": len(manifest.files),
            "references": [asdict(reference) for reference in manifest.references],
        }

    def _contents(self, upload: str, version: Version, missing: set[str]) -> None:
        """Send missing contents: small ones in batches, large ones in parts."""
        together, remaining = bytearray(), set(missing)
        for file in version.manifest.files:
            if file.digest not in remaining:
                continue
            remaining.discard(file.digest)
            place = verify.first_place(version, file)
            path = place if isinstance(place, Path) else verify.intact_place(version, file)
            if file.size > TOGETHER:
                self._parts(f"{upload}/parts", file.digest, path)
                continue
            content = path.read_bytes()
            if len(together) + len(content) > PART:
                self._server.json("PUT", f"{upload}/contents", bytes(together))
                together.clear()
            together += len(content).to_bytes(PREFIX, "big") + content
        if together:
            self._server.json("PUT", f"{upload}/contents", bytes(together))

    def _parts(self, path: str, digest: str, file: Path) -> None:
        with file.open("rb") as source:
            size, offset = source.seek(0, os.SEEK_END), 0
            while offset < size:
                source.seek(offset)
                piece = source.read(PART)
                try:
                    answer = self._server.json(
                        "PUT", path, piece, patience=PATIENCE, digest=digest, offset=offset
                    )
                    offset = int(answer["size"])
                except Conflict as conflict:  # it goes on where it was interrupted
                    if not conflict.size or conflict.size == offset:
                        raise
                    offset = conflict.size


def _portions(files: Sequence[FileEntry]) -> Iterator[list[dict[str, Any]]]:
    """Yield the files in portions that fit into a request."""
    portion: list[dict[str, Any]] = []
    length = 0
    for file in files:
        entry = {"path": file.path, "size": file.size, "digest": file.digest}
        more = len(json.dumps(entry))
        if portion and (length + more > PART or len(portion) == FILES_PER_REQUEST):
            yield portion
            portion, length = [], 0
        portion.append(entry)
        length += more
    if portion:
        yield portion
