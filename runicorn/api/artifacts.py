"""Artifacts, versions, files, aliases and lineage."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import requests

from runicorn.api import urls
from runicorn.api.errors import BadRequestError, NotFoundError, ServerError
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api import responses

NUMBER = re.compile(r"v?([1-9]\d{0,8})")
CHUNK = 1 << 20


class _Place(NamedTuple):
    name: str
    version: int
    type: str | None

    def path(self, *more: str) -> str:
        return urls.path("artifacts", self.name, f"v{self.version}", *more)

    @property
    def query(self) -> list[tuple[str, str]]:
        return urls.query({"type": self.type})


class ArtifactsAPI:
    """Artifacts of the server, as `client.artifacts`.

    A version is named `name:v3`, `name:3`, `name:alias`, `name` (latest) or `type/name:…`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_artifacts(
        self, type: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> list[responses.Artifact]:
        """Return the artifacts, last updated first; `type` is model, dataset, config, code or custom."""
        path, params = urls.path("artifacts"), urls.query({"type": type})
        artifacts: list[responses.Artifact] = self._transport.json("GET", path, params=params)
        first = offset or 0
        return artifacts[first : None if limit is None else first + limit]

    def list_versions(
        self, name: str, type: str | None = None, include_deleted: bool = False
    ) -> list[responses.ArtifactVersion]:
        """Return the versions of an artifact, newest first.

        Raises:
            NotFoundError: the artifact does not exist.
            ConflictError: several artifacts have this name; pass `type`.
        """
        params = urls.query({"type": type, "include_deleted": include_deleted or None})
        versions = self._transport.json("GET", urls.path("artifacts", name, "versions"), params=params)
        newest = sorted(versions, key=lambda version: int(version["version"]), reverse=True)
        return cast("list[responses.ArtifactVersion]", newest)

    def get_artifact(self, artifact_id: str) -> responses.ArtifactDetail:
        """Return the details of one version.

        Raises:
            NotFoundError: the artifact, version or alias does not exist.
            BadRequestError: `artifact_id` is malformed.
        """
        place = self._place(artifact_id)
        return cast("responses.ArtifactDetail", self._transport.json("GET", place.path(), params=place.query))

    def list_files(self, artifact_id: str) -> responses.ArtifactFiles:
        """Return the files and references of a version.

        Raises:
            NotFoundError: the artifact, version or alias does not exist.
        """
        place = self._place(artifact_id)
        return cast(
            "responses.ArtifactFiles", self._transport.json("GET", place.path("files"), params=place.query)
        )

    def download_artifact(self, artifact_id: str, path: str | os.PathLike[str]) -> Path:
        """Download the files of a version into a folder, created if missing, and return the folder.

        Each file is verified by its digest, then replaces a file of the same name atomically. References are not
        downloaded.

        Raises:
            NotFoundError: the artifact, version or alias does not exist.
            ServerError: the digest of a file differs, or its path leads out of the folder.
            OSError: a file could not be written.
        """
        place, folder = self._place(artifact_id), Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        listing = self._transport.json("GET", place.path("files"), params=place.query)
        for file in listing["files"]:
            self._download(place, file, folder.joinpath(*_parts(file["path"])))
        return folder

    def get_artifact_lineage(self, artifact_id: str, max_depth: int = 3) -> responses.Lineage:
        """Return the lineage of a version, up to `max_depth` (0 to 10) edges away."""
        place = self._place(artifact_id)
        params = [*place.query, ("max_depth", str(max_depth))]
        return cast("responses.Lineage", self._transport.json("GET", place.path("lineage"), params=params))

    def list_experiment_artifacts(
        self, run_id: str, relation: Literal["created", "used"] | None = None
    ) -> list[responses.RunArtifact]:
        """Return the versions that a run created, used, or both, each with its `relation`, in the order of logging.

        Raises:
            NotFoundError: the run does not exist.
            ValueError: `relation` is unknown.
        """
        if relation not in {"created", "used", None}:
            raise ValueError(f"relation must be 'created' or 'used', not {relation!r}")
        answer = self._transport.json("GET", urls.path("runs", run_id, "artifacts"))
        relations = ("created", "used") if relation is None else (relation,)
        entries = [{"relation": word, **version} for word in relations for version in answer[word]]
        return cast("list[responses.RunArtifact]", entries)

    def set_alias(self, artifact_id: str, alias: str) -> dict[str, Any]:
        """Point an alias to this version of the artifact.

        Raises:
            NotFoundError: the artifact or version does not exist.
            BadRequestError: the alias is invalid; `latest` always points to the newest version.
        """
        place = self._place(artifact_id)
        path = urls.path("artifacts", place.name, "aliases", alias)
        body = {"version": place.version}
        answer = self._transport.json("PUT", path, params=place.query, body=body)
        return cast(dict[str, Any], answer)

    def remove_alias(self, name: str, alias: str, type: str | None = None) -> dict[str, Any]:
        """Remove an alias from an artifact.

        Raises:
            NotFoundError: the artifact or alias does not exist.
        """
        path = urls.path("artifacts", name, "aliases", alias)
        answer = self._transport.json("DELETE", path, params=urls.query({"type": type}))
        return cast(dict[str, Any], answer)

    def _place(self, artifact_id: str) -> _Place:
        """Resolve the name of a version, aliases included."""
        full, _, label = artifact_id.partition(":")
        type, _, name = full.rpartition("/")
        if not name or (not label and ":" in artifact_id):
            raise BadRequestError(
                f"{artifact_id!r} is not a version of an artifact: use name:v3 or name:latest"
            )
        number = NUMBER.fullmatch(label)
        if number:
            return _Place(name, int(number[1]), type or None)
        return _Place(name, self._aliased(name, label or "latest", type or None), type or None)

    def _aliased(self, name: str, alias: str, type: str | None) -> int:
        for version in self.list_versions(name, type):
            if alias in version["aliases"] or (alias == "latest" and version["status"] == "ready"):
                return version["version"]
        raise NotFoundError(f"{name} has no version with the alias {alias}")

    def _download(self, place: _Place, file: dict[str, Any], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")

        def write(response: requests.Response) -> None:
            hashed = hashlib.sha256()
            with part.open("wb") as out:
                for chunk in response.iter_content(CHUNK):
                    hashed.update(chunk)
                    out.write(chunk)
            if f"sha256:{hashed.hexdigest()}" != file["digest"]:
                raise ServerError(f"{file['path']} does not match its digest")

        try:
            path = place.path("files", *_parts(file["path"]))
            self._transport.send("GET", path, params=place.query, read=write)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _parts(path: str) -> tuple[str, ...]:
    """Split the path of a file within its version.

    Raises:
        ServerError: it leads out of the folder.
    """
    parts = PurePosixPath(path).parts
    if (
        not parts
        or path.startswith("/")
        or any(part == ".." or "\\" in part or ":" in part for part in parts)
    ):
        raise ServerError(f"{path!r} leads out of the artifact")
    return parts
