"""Compare the runs and artifacts of a store with those of a server, by digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runicorn import regular_file
from runicorn.api.errors import NotFoundError
from runicorn.api.transport import Transport
from runicorn.artifacts.errors import DamagedFile, InvalidArtifact
from runicorn.artifacts.store import ArtifactFolder, Store
from runicorn.store import find, layout
from runicorn.store.run_files import SUBFOLDERS, is_in_subfolder
from runicorn.upload.client import token
from runicorn_tools.fsck.report import Report

TIMEOUT = 60.0
NUMBERED_ANEW = {layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED}
"""Files with version numbers of artifacts, which differ on a server."""


def compare_with_server(root: Path, url: str, report: Report) -> None:
    """Report files of runs and versions of artifacts that are missing or differ on the server.

    Raises:
        ValueError: `url` is malformed.
        runicorn.api.errors.RunicornAPIError: the request failed.
    """
    transport = Transport(url, TIMEOUT, 2, token())
    _compare_runs(root, url, transport, report)
    _compare_artifacts(root, url, transport, report)


def _compare_runs(root: Path, url: str, transport: Transport, report: Report) -> None:
    for relative in find.all_runs(root):
        folder = root / relative
        for name in _files(folder):
            place = f"{relative}/{name}"
            path = f"/api/runs/{quote(folder.name)}/files/{quote(name)}"
            try:
                there: Any = transport.json("GET", path)
            except NotFoundError:
                report.error("not-on-server", place, "{url} does not have this file.", url=url)
                continue
            if there["digest"] != _digest(folder / name):
                text = f"{url} has different content: {there['size']:,} bytes."
                report.error("differs-on-server", place, text)


def _compare_artifacts(root: Path, url: str, transport: Transport, report: Report) -> None:
    """Report live versions whose files no version on the server has; the server has its own numbers."""
    for artifact in Store(root).folders():
        on_server = _contents_on_server(transport, artifact)
        for number in artifact.live():
            version = artifact.version(number)
            with suppress(DamagedFile, InvalidArtifact):  # reported by the check of the store
                if frozenset((file.path, file.digest) for file in version.manifest.files) in on_server:
                    continue
                text = f"{url} has no version of {artifact.name} with these files."
                report.error("not-on-server", str(version.path.relative_to(root)), text)


def _contents_on_server(transport: Transport, artifact: ArtifactFolder) -> set[frozenset[tuple[str, str]]]:
    """Return the paths and digests of each live version."""
    path, query = f"/api/artifacts/{quote(artifact.name)}", [("type", artifact.type)]
    try:
        versions: Any = transport.json("GET", f"{path}/versions", params=query)
    except NotFoundError:
        return set()
    numbers = [version["version"] for version in versions if version["status"] == "ready"]
    manifests: list[Any] = [transport.json("GET", f"{path}/v{n}/files", params=query) for n in numbers]
    return {frozenset((file["path"], file["digest"]) for file in manifest["files"]) for manifest in manifests}


def _files(folder: Path) -> Iterator[str]:
    """Yield the files of a run that are uploaded."""
    for name in sorted((layout.OF_THE_LIBRARY | layout.GROWING) - NUMBERED_ANEW):
        if os.path.isfile(folder / name):
            yield name
    for top in SUBFOLDERS:
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if is_in_subfolder(name) and path.is_file():
                yield name


def _digest(path: Path) -> str:
    with regular_file.open_binary(path) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
