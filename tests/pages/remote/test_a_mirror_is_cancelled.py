"""A cancelled mirror stops at once, keeps complete files only, and the next one resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from remote.services import mirrors
from remote.ssh import host_keys
from remote.ssh.loop import LoopThread
from tests.folders import write_run
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment, pretending
from tests.server.remote.relay import Relay
from tests.tools.sync.far import TalkativeSshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]
LARGE = 24 * 2**20
Begin = Callable[..., mirrors.MirrorJob]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TalkativeSshd]:
    """A server whose SFTP processes are visible."""
    server = TalkativeSshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def network(server: TalkativeSshd, home: Path) -> Iterator[Relay]:
    """The network to the server; the host key is known for its port."""
    with Relay(server.port) as relay:
        host_keys.path().write_text(f"[127.0.0.1]:{relay.port} {server.public_key}\n")
        yield relay


@pytest.fixture
def begin(
    client: Client,
    store: Path,
    server: TalkativeSshd,
    network: Relay,
    remote_store: Path,
    remote_loop: LoopThread,
) -> Begin:
    """Start to mirror the remote store slowly; connects if there is no connection."""
    login = {**server.login(), "port": network.port}
    there = f"{server.username}@127.0.0.1:{network.port}"

    def go(environment: str = ".venv", delay: float = 0) -> mirrors.MirrorJob:
        network.delay = 0
        answer = client.post("/api/remote/connect", login, content_type="application/json")
        assert answer.status_code == 200, answer.content
        assert "Use" in client.get("/remote/machine", {"connection": there, "refresh": "1"}).content.decode()
        network.delay = delay
        form = {"connection": there, "environment": environment, "root": str(remote_store)}
        return mirrors.get_mirror(client.post("/remote/mirrors", form)["Location"].rpartition("/")[2])

    return go


def cancel(client: Client, mirror: mirrors.MirrorJob) -> str:
    """Cancel a mirror and return the next page."""
    return client.post(f"/remote/mirrors/{mirror.id}/cancel", follow=True).content.decode()


def files(root: Path) -> dict[str, bytes]:
    """Return the files of the runs below a root."""
    files = [path for path in root.rglob("*") if path.is_file()]
    names = {path: str(path.relative_to(root)) for path in files}
    return {name: path.read_bytes() for path, name in names.items() if not name.startswith(".")}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling waits for the end, however slow the machine."""
    monkeypatch.setattr(mirrors, "CANCEL_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
def test_a_cancelled_mirror_keeps_complete_files_and_the_next_one_fetches_the_rest(
    client: Client, store: Path, server: TalkativeSshd, network: Relay, remote_store: Path, begin: Begin
) -> None:
    our_environment(server.home)
    run_id = write_run(remote_store, metrics=[{"loss": 0.5}])
    large = remote_store / "vision" / "resnet" / "runs" / run_id / "media" / "large.bin"
    with large.open("wb") as file:
        file.truncate(LARGE)
    mirror = begin(delay=0.02)
    until(lambda: mirror.done >= 3 and mirror.received_bytes > 2**20)
    page = client.get("/remote").content.decode()
    assert f"{mirror.done} of 4 files" in page and f"/remote/mirrors/{mirror.id}/cancel" in page
    assert "Files copied so far are complete and kept" in cancel(client, mirror)
    assert (mirror.state, mirror.over.is_set(), len(mirror.runs)) == ("cancelled", True, 1)
    theirs = files(remote_store)
    here = files(store)
    assert 0 < len(here) < len(theirs) and here.items() <= theirs.items()
    assert [path for path in store.rglob("*") if path.is_file() and path.parent.name == ".sync_parts"] == []
    until(lambda: len(leftovers.processes(server.home, "sftp-server")) == 1)  # the one of the connection
    again = begin()
    assert again.over.wait(60) and again.state == "finished"
    assert files(store) == theirs
    assert "again" in client.get(f"/remote/mirrors/{again.id}").content.decode()
    client.post(f"/remote/mirrors/{mirror.id}/forget")
    client.post(f"/remote/mirrors/{mirror.id}/forget")  # from a second browser
    page = client.get("/remote").content.decode()
    assert mirror.id not in page and again.id in page


@pytest.mark.usefixtures("patient")
def test_a_mirror_that_generates_a_manifest_is_cancelled(
    client: Client, store: Path, server: TalkativeSshd, begin: Begin, remote_store: Path
) -> None:
    write_run(remote_store, metrics=[{"loss": 0.5}])
    real = pretending(server.home, "", "venv")
    real.write_text(real.read_text().replace("*--remote-mode*)", "*generate-manifest*)\nexec sleep 987\n"))
    mirror = begin("venv")
    until(lambda: leftovers.processes(server.home, "sleep"))
    assert "No files were copied" in cancel(client, mirror)
    assert mirror.over.is_set() and files(store) == {}
    until(lambda: leftovers.processes(server.home, "sleep") == [])


def test_a_hanging_host_does_not_delay_a_cancellation(
    client: Client,
    server: TalkativeSshd,
    network: Relay,
    remote_store: Path,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirrors, "CANCEL_SECONDS", 0.2)
    our_environment(server.home)
    run_id = write_run(remote_store, metrics=[{"loss": 0.5}])
    with (remote_store / "vision" / "resnet" / "runs" / run_id / "media" / "large.bin").open("wb") as file:
        file.truncate(LARGE)
    mirror = begin(delay=0.02)
    until(lambda: mirror.received_bytes > 2**20)
    network.mute_after = 0  # nothing arrives from now on
    assert "Cancelled." in cancel(client, mirror)
    assert (mirror.state, mirror.over.is_set()) == ("cancelled", False)
    network.cut()
    assert mirror.over.wait(30)
    page = client.get(f"/remote/mirrors/{mirror.id}").content.decode()
    assert "Cancelled." in page and 'id="again"' not in page  # the connection is closed
    assert client.post("/remote/mirrors/none/cancel").status_code == 404
