"""A bucket that accepts connections and never answers makes a request wait for one timeout, and holds no lock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runicorn.artifacts import garbage
from runicorn.artifacts.errors import PoolUnavailable
from runicorn.artifacts.s3 import binding, client
from runicorn.artifacts.s3.bucket import ASKERS, Bucket
from runicorn.artifacts.store import Store
from runicorn.store import layout
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab, content_of, digest_of, log
from tests.waiting import until

URL = f"s3://{BUCKET}/silent"


class Silent:
    """A server that accepts connections and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                self.accepted.append(self._listener.accept()[0])
            except OSError:
                return

    def stop(self) -> None:
        with suppress(OSError):  # it was stopped before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self.accepted:
            connection.close()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Silent]:
    server = Silent()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv(binding.POOL, URL)
    yield server
    server.stop()


def test_a_request_is_sent_once_and_its_error_is_one_sentence(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    with pytest.raises(PoolUnavailable) as refused:
        Bucket(URL).holds(digest_of(b""), 0)
    assert str(refused.value) == f"{URL} does not answer at {silent.url}; try again later."
    until(lambda: silent.accepted)
    assert len(silent.accepted) == 1


def test_a_body_that_nobody_receives_is_sent_once(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)  # also that of the first body on a connection
    content = content_of(16 * 2**20)
    with pytest.raises(PoolUnavailable, match="does not answer"):
        Bucket(URL).put(content, digest_of(content))
    until(lambda: silent.accepted)
    assert len(silent.accepted) == 1


def test_no_other_contents_are_asked_for_after_a_timeout(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    with pytest.raises(PoolUnavailable):
        Bucket(URL).sizes(digest_of(bytes([number])) for number in range(4 * ASKERS))
    assert len(silent.accepted) <= ASKERS


def test_a_training_may_save_while_a_deletion_waits_for_the_bucket(
    silent: Silent, folder: Path, tmp_path: Path
) -> None:
    version = log(folder, tmp_path / "in", {"only": b"here"})
    layout.write_json(folder / "artifacts" / binding.FILE, {"url": URL, "id": "0"})
    going = threading.Thread(
        target=garbage.discard, args=(Store(folder), version.path, [digest_of(b"elsewhere")])
    )
    going.start()
    until(lambda: silent.accepted)
    log(folder, tmp_path / "in", {"next": b"saved"})
    with Store(folder).pool.alone():
        assert going.is_alive()
    silent.stop()
    going.join()
    assert not version.path.exists()


def test_parts_of_a_content_are_aborted_by_the_next_attempt(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    content, url = content_of(20 * 2**20, 3), lab.environment[binding.POOL]
    file = tmp_path / "content"
    file.write_bytes(content)
    lab.network.silent_at = lab.network.passed + 8 * 2**20
    with monkeypatch.context() as patch, pytest.raises(PoolUnavailable, match="does not answer"):
        for name in ("CONNECT_SECONDS", "READ_SECONDS"):
            patch.setattr(client, name, 3)
        Bucket(url).put_file(file, digest_of(content), len(content))
    lab.network.restore()
    assert lab.s3.unfinished(lab.prefix) == [lab.key(content)]
    Bucket(url).put_file(file, digest_of(content), len(content))
    assert (lab.s3.unfinished(lab.prefix), lab.s3.keys(lab.prefix)) == ([], [lab.key(content)])
