"""Versions of a remote store whose contents are in a bucket, fetched over SSH."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runicorn.artifacts import records
from runicorn.artifacts.store import Store
from runicorn.artifacts.verify import verify
from tests.processes import environment
from tests.server.pool.servers import BUCKET
from tests.server.pool.test_contents_are_moved import move
from tests.server.pool.uploading import Lab, content_of, log
from tests.sshd import Sshd
from tests.tools.sync.stores import write_store

pytestmark = pytest.mark.needs("sshd")
SMALL, LARGE = content_of(1000, 90), content_of(20 * 2**20, 90)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    """A remote host."""
    server = Sshd(tmp_path / "far")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def there(lab: Lab, server: Sshd, tmp_path: Path) -> Path:
    """Its store, whose run has created a version with contents in the bucket."""
    lab.root = server.home / "store"
    lab.root.mkdir()
    run = write_store(lab.root, 1)[0]
    records.record_created(run, log(lab.root, tmp_path / "in", {"small": SMALL, "large": LARGE}))
    assert move(lab).returncode == 0
    return lab.root


def sync(
    lab: Lab, server: Sshd, into: Path, *more: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    known_hosts = lab.home / "config" / "known_hosts"
    known_hosts.parent.mkdir(exist_ok=True)
    known_hosts.write_text(server.known_hosts_line + "\n")
    command = [sys.executable, "-m", "runicorn", "sync", f"{server.username}@{server.host}:{lab.root}"]
    options = [
        "--port",
        str(server.port),
        "--key",
        str(server.key),
        "--into",
        str(into),
        "--artifacts",
        "--python",
        "",
    ]
    return subprocess.run(
        [*command, *options, *more],
        env=environment(lab.home, HOME=str(lab.home), **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_the_bucket_one_sentence_says_how_to_fetch_its_contents(
    lab: Lab, server: Sshd, there: Path, folder: Path
) -> None:
    pool = f"s3://{BUCKET}/{lab.prefix}"
    sentence = (
        f"runicorn: model/net:v1: its contents are in {pool}, not on the remote host: fetch it with `runicorn sync "
        f"--artifacts`, with RUNICORN_ARTIFACT_POOL={pool} and the variables of AWS\n"
    )
    for _ in range(2):
        process = sync(lab, server, folder)
        assert (process.returncode, process.stderr) == (1, sentence)
    assert not (folder / "artifacts" / "model" / "net" / "v1").exists()
    # The files of the run are complete.
    assert list(folder.glob("project0/name0/runs/*/meta.json"))

    malformed = sync(lab, server, folder, RUNICORN_ARTIFACT_POOL="folder")
    assert malformed.returncode == 1 and "must be like s3://bucket/prefix" in malformed.stderr
    fetched = sync(lab, server, folder, **lab.environment)
    assert (fetched.returncode, fetched.stderr) == (0, "")
    assert "1 artifact version" in fetched.stdout
    version = Store(folder).find("net").version(1)
    assert version.file_path("large").read_bytes() == LARGE
    assert not verify(version).damaged
    assert not (folder / "artifacts" / ".pool.json").exists()


def test_a_large_content_from_the_bucket_continues_where_it_was(
    lab: Lab, server: Sshd, there: Path, folder: Path
) -> None:
    lab.network.cut_at = lab.network.passed + 8 * 2**20
    broken = sync(lab, server, folder, **lab.environment)
    assert broken.returncode == 1 and "cannot be reached at" in broken.stderr
    assert len(broken.stderr.splitlines()) == 1
    lab.network.restore()
    passed = lab.network.passed
    assert sync(lab, server, folder, **lab.environment).returncode == 0
    assert lab.network.passed - passed < 16 * 2**20
    assert Store(folder).find("net").version(1).file_path("large").read_bytes() == LARGE


def test_a_version_is_fetched_once_the_bucket_of_this_store_is_back(
    lab: Lab, server: Sshd, there: Path, folder: Path, tmp_path: Path
) -> None:
    assert move(lab, "--back").returncode == 0
    other = Lab(lab.s3, lab.network, folder, lab.home)
    other.viewer().stop()
    lab.network.cut()
    for _ in range(2):
        refused = sync(lab, server, folder, **other.environment)
        assert refused.returncode == 1, refused.stdout
        assert refused.stderr.startswith(
            f"runicorn: model/net:v1: s3://{BUCKET}/{other.prefix} cannot be reached at"
        )
    lab.network.restore()
    assert sync(lab, server, folder, **other.environment).returncode == 0
    assert sorted(lab.s3.keys(other.prefix)) == sorted(map(other.key, (SMALL, LARGE)))
