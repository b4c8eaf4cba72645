"""Viewers of a store whose contents are in a bucket, and uploads to them."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
from pathlib import Path
from typing import Any

import requests

from runicorn.artifacts import Artifact
from runicorn.artifacts.store import Store, Version
from tests.processes import Viewer, environment, run_module
from tests.server.pool.servers import S3Server
from tests.tools.sync.proxy import Proxy

PART = 4 * 2**20
PATIENCE = 200
"""Seconds, for a machine that does much else."""
_PREFIXES = (f"{os.getpid()}-{number}/pool" for number in itertools.count())


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def content_of(size: int, seed: int = 0) -> bytes:
    """Return bytes without repetitions, the same each time."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


class Lab:
    """A store with a prefix of its own in the bucket."""

    def __init__(self, s3: S3Server, network: Proxy, root: Path, home: Path) -> None:
        self.s3, self.network, self.root, self.home = s3, network, root, home
        home.mkdir(exist_ok=True)
        self.prefix = next(_PREFIXES)
        self.environment = s3.environment(self.prefix, network.port, RUNICORN_RATE_LIMIT="off")
        self.viewers: list[Viewer] = []

    def viewer(self, *options: str, **more: str) -> Viewer:
        """Start a viewer."""
        self.viewers.append(Viewer(self.root, self.home, *options, **(self.environment | more)))
        return self.viewers[-1].wait_until_it_answers()

    def command(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Runicorn on the store."""
        variables = environment(self.home, RUNICORN_DIR=str(self.root), **(self.environment | more))
        return run_module(["runicorn", *arguments], variables, self.home)

    def key(self, content: bytes) -> str:
        """Return the key of a content in the bucket."""
        name = hashlib.sha256(content).hexdigest()
        return f"{self.prefix}/{name[:2]}/{name}"

    def stop(self) -> None:
        """Stop all viewers."""
        self.network.restore()
        for viewer in self.viewers:
            viewer.stop()


class Upload:
    """An upload of the version of an artifact, as a client sends it."""

    def __init__(self, viewer: Viewer, name: str, files: dict[str, bytes]) -> None:
        self.files = files
        described = [
            {"path": path, "size": len(content), "digest": digest_of(content)}
            for path, content in files.items()
        ]
        about = {"name": name, "type": "model", "files": described}
        self.begun = requests.post(f"{viewer.url}/api/artifacts/uploads", json=about, timeout=PATIENCE)
        self.path = f"/api/artifacts/uploads/{self.begun.json().get('upload_id')}"

    def send(self, viewer: Viewer) -> requests.Response:
        """Send the missing contents in parts; return the last response, or the first that is an error."""
        answer = self.begun
        missing = requests.get(viewer.url + self.path, timeout=PATIENCE).json()["missing"]
        for content in {digest_of(each): each for each in self.files.values()}.values():
            if digest_of(content) not in missing:
                continue
            for offset in range(0, max(len(content), 1), PART):
                answer = self.part(viewer, content, offset)
                if answer.status_code != 200:
                    return answer
        return answer

    def part(self, viewer: Viewer, content: bytes, offset: int) -> requests.Response:
        """Send one part."""
        return requests.put(
            f"{viewer.url}{self.path}/parts",
            params={"digest": digest_of(content), "offset": offset},
            data=content[offset : offset + PART],
            headers={"Content-Type": "application/octet-stream"},
            timeout=PATIENCE,
        )

    def complete(self, viewer: Viewer) -> requests.Response:
        """Complete it."""
        return requests.post(f"{viewer.url}{self.path}/complete", timeout=PATIENCE)


def upload(viewer: Viewer, name: str, files: dict[str, bytes]) -> dict[str, Any]:
    """Upload a version; return the response."""
    version_upload = Upload(viewer, name, files)
    version_upload.send(viewer)
    answer = version_upload.complete(viewer)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def log(root: Path, folder: Path, files: dict[str, bytes], name: str = "net") -> Version:
    """Store a version as a training on this machine does."""
    folder.mkdir(exist_ok=True)
    artifact = Artifact(name)
    for path, content in files.items():
        source = folder / path.replace("/", "-")
        source.write_bytes(content)
        artifact.add_file(source, path)
    return artifact.log_to(Store(root), "")


def damage(path: Path) -> None:
    """Flip a bit of a stored file without changing its size."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def downloaded(viewer: Viewer, version: int, path: str, name: str = "net") -> bytes:
    answer = viewer.get(f"/api/artifacts/{name}/v{version}/files/{path}")
    assert answer.status_code == 200, answer.text
    return answer.content
