"""Artifacts of a run on their way to a server: contents that it lacks, then the version, then the run's record of it.

The server counts its versions itself, so the records are sent with the numbers that the versions have there. Of what
a run used only that is recorded there which was sent from here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runicorn import layout
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.records import ENTRIES
from runicorn.artifacts.store import Store, Version
from runicorn.shipping.notes import Notes
from runicorn.shipping.server import PART, Conflict, Refused, Removed, Server

Changed = Callable[[str], Any]
Sent = Callable[[str, Any], bool]


class Artifacts:
    """The artifacts of one run.

    Args:
        run_dir: the folder of the run.
        root: its storage root.
        notes: what is remembered of sending it.
        server: where it goes.
    """

    def __init__(self, run_dir: Path, root: Path, notes: Notes, server: Server) -> None:
        self._run_dir = run_dir
        self._root = root
        self._notes = notes
        self._server = server
        self._versions: dict[str, int] = notes.content["versions"]
        self.problems: dict[str, str] = {}
        """Why a version was not sent, by version; tried again when the run makes another one, or by hand."""

    def ship(self, changed: Changed, sent: Sent) -> bool:
        """Send the versions that the run made, and its two records; whether anything was sent."""
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
            self._server.replace(name, json.dumps({ENTRIES: entries}, indent=2).encode())
            moved |= sent(name, mark)
        return moved

    def _number(self, entry: Any, made: bool) -> int | None:
        """The number that a version has there; None for what is not there."""
        if not isinstance(entry, dict):
            return None
        key = f"{entry.get('type')}/{entry.get('name')}:v{entry.get('version')}"
        if key not in self._versions and made:
            try:
                self._versions[key] = self._send(entry)
            except (ArtifactError, OSError, Refused, Removed, Conflict, LookupError, TypeError) as error:
                self.problems[key] = f"{key} could not be sent: {error}"
                return None
            self.problems.pop(key, None)
            self._notes.save()
        return self._versions.get(key)

    def _send(self, entry: dict[str, Any]) -> int:
        version = Store(self._root).find(entry["name"], entry["type"]).existing(entry["version"])
        there = self._sent_before(version)
        return self._upload(version) if there is None else there

    def _sent_before(self, version: Version) -> int | None:
        """The number of this version there, when it was made and we were ended before that was noted."""
        own, artifact = self._server.path, version.artifact
        try:
            path = own("artifacts", artifact.name, "versions")
            listed = self._server.json("GET", path, type=artifact.type, include_deleted="true")
        except Removed:
            return None
        wanted = {(file.path, file.digest) for file in version.manifest.files}
        for about in listed:
            number = about["version"]
            if about["created_by_run"] != self._run_dir.name or number in self._versions.values():
                continue
            path = own("artifacts", artifact.name, f"v{number}", "files")
            files = self._server.json("GET", path, type=artifact.type)["files"]
            if {(file["path"], file["digest"]) for file in files} == wanted:
                return int(number)
        return None

    def _upload(self, version: Version) -> int:
        about, said = version.manifest, version.metadata
        body = {
            "name": version.artifact.name,
            "type": version.artifact.type,
            "run_id": self._run_dir.name,
            "description": said.description,
            "metadata": said.metadata,
            "tags": said.tags,
            "files": [{"path": f.path, "size": f.size, "digest": f.digest} for f in about.files],
            "references": [asdict(reference) for reference in about.references],
        }
        begun = self._server.json("POST", "/api/artifacts/uploads", body)
        upload = self._server.path("artifacts", "uploads", begun["upload_id"])
        missing = set(begun["missing"])
        for file in about.files:
            if file.digest in missing:
                missing.discard(file.digest)
                self._contents(f"{upload}/parts", file.digest, version.file_path(file.path))
        return int(self._server.json("POST", f"{upload}/complete")["version"])

    def _contents(self, path: str, digest: str, file: Path) -> None:
        with file.open("rb") as source:
            offset = 0
            while (piece := source.read(PART)) or not offset:
                answer = self._server.json("PUT", path, piece, digest=digest, offset=offset)
                offset = int(answer["size"])
                if not piece:
                    return
