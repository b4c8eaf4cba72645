"""A server that is down, or is used with a wrong address, certificate or token: what is reported, and what goes on."""

from __future__ import annotations

import secrets
import select
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.upload.state import UploadState
from runicorn.upload.worker import DENIED_PATIENCE, Upload
from tests.certificates import certify
from tests.processes import Viewer, environment, free_port, train
from tests.secrecy import holds, secret
from tests.tools.sync.sending import differences, in_a_pid_namespace, only_sender, senders, sync
from tests.waiting import until

TRAINING = """
import sys, time, runicorn as rn
began = time.monotonic()
run = rn.init("seen", "one", run_id=sys.argv[1], url=sys.argv[2], system_metrics=False, capture_env=False)
run.log({"loss": 1.0})
print(time.monotonic() - began, flush=True)
sys.stdin.readline()
"""


class TlsServer:
    """A port on which TLS is spoken in front of a viewer."""

    def __init__(self, folder: Path, port: int) -> None:
        self.certificate = certify(folder)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(self.certificate, folder / "key.pem")
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(inner,), daemon=True).start()

    def _forward(self, inner: socket.socket) -> None:
        with (
            suppress(OSError),
            inner,
            self._context.wrap_socket(inner, server_side=True) as near,
            socket.create_connection(("127.0.0.1", self._target)) as far,
        ):
            while True:
                ready = [near] if near.pending() else select.select([near, far], [], [])[0]
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    (far if source is near else near).sendall(data)

    def stop(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer that receives the runs of all tests here."""
    viewer = Viewer(
        tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("home"), RUNICORN_RATE_LIMIT="off"
    )
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture(scope="module")
def secure(viewer: Viewer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """The viewer over TLS."""
    server = TlsServer(tmp_path_factory.mktemp("tls"), viewer.port)
    yield server
    server.stop()


@pytest.fixture
def run_id() -> str:
    """An id for the run of one test."""
    return new_id()


def new_id() -> str:
    return f"20260117_120000_{secrets.token_hex(3)}"


def begun(training: subprocess.Popen[str]) -> float:
    """Wait for the first line of a training; return the duration of `init` and `log` in seconds."""
    assert training.stdout
    return float(training.stdout.readline())


def first_notice(training: subprocess.Popen[str]) -> str:
    """Return the first line that a training printed about its upload."""
    assert training.stderr
    return training.stderr.readline()


def test_a_run_with_the_right_certificate_is_uploaded_beside_one_with_a_wrong_one(
    near: Path, home: Path, viewer: Viewer, secure: TlsServer, run_id: str
) -> None:
    url, trusted = f"https://{secure.address}", {"REQUESTS_CA_BUNDLE": str(secure.certificate)}
    wrong = train(TRAINING, near, home, run_id, url)
    begun(wrong)
    assert "certificate" in first_notice(wrong)
    right = train(TRAINING, near, home, new_id(), url, **trusted)
    begun(right)
    _, errors = right.communicate("\n", timeout=60)
    assert f"{url}/runs/" in errors and "not completely" not in errors
    # The sender process of the first run still tries, and lets the command in.
    only_senders_left = until(lambda: senders(near))
    process = sync(near, home, run_id, **trusted)
    assert process.returncode == 0, process.stderr + process.stdout
    assert only_senders_left and run_id in process.stdout
    wrong.communicate("\n", timeout=60)
    process = sync(near, home, run_id, **trusted)
    assert process.returncode == 0 and not differences(near, viewer.root)
    until(lambda: not senders(near))


def test_a_sender_with_a_wrong_token_gives_up_a_minute_after_the_end(
    near: Path, start_viewer: Callable[..., Viewer], tmp_path: Path, run_id: str
) -> None:
    token = holds(tmp_path / "token")
    token.write_text(f"{secret()}\n")
    token.chmod(0o600)
    viewer = start_viewer(tmp_path / "store", "--token", str(token))
    run = rn.init("seen", "one", run_id=run_id, storage=near, capture_env=False, system_metrics=False)
    state, now, ends = UploadState(near, run_id).begin(viewer.url), [0.0], [False] * 3

    def sleep(seconds: float) -> None:
        assert 0 < seconds <= 60
        now[0] += seconds
        if len(ends) == 1:
            run.finish()

    upload = Upload(
        run.run_dir,
        state,
        has_ended=lambda: not ends or ends.pop(),
        is_stopped=lambda: False,
        sleep=sleep,
        clock=lambda: now[0],
    )
    assert "token" in upload.send(10 * DENIED_PATIENCE) and upload.is_over
    upload.close()
    assert DENIED_PATIENCE <= now[0] < 4 * DENIED_PATIENCE


def close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def silent_url(sockets: list[socket.socket]) -> str:
    sockets.append(socket.create_server(("127.0.0.1", 0)))
    return f"http://127.0.0.1:{sockets[-1].getsockname()[1]}"


def plain_url(sockets: list[socket.socket]) -> str:
    """Return the URL of a server that rejects what is not HTTP, as nginx does."""
    url = silent_url(sockets)

    def reject(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                client.close()

    threading.Thread(target=reject, args=(sockets[-1],), daemon=True).start()
    return url


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("down", "could be reached"),
        ("silent", "has not answered yet"),
        ("certificate", "is not trusted"),
        ("http to https", "use https://"),
        ("https to http", "use http://"),
    ],
)
def test_init_reports_in_one_line_why_nothing_is_uploaded(
    fault: str, sentence: str, near: Path, home: Path, viewer: Viewer, secure: TlsServer, run_id: str
) -> None:
    sockets: list[socket.socket] = []
    url = {
        "down": f"http://127.0.0.1:{free_port()}",
        "silent": silent_url(sockets),
        "certificate": f"https://{secure.address}",
        "http to https": f"http://{secure.address}",
        "https to http": plain_url(sockets).replace("http:", "https:"),
    }[fault]
    training = train(TRAINING, near, home, run_id, url, RUNICORN_UPLOAD_TIMEOUT="0")
    held = begun(training)
    notice = first_notice(training)
    assert sentence in notice and f"runicorn sync --storage {near} {run_id}" in notice
    assert held < 5.0, "init does not wait for the network"
    _, rest = training.communicate("\n", timeout=60)
    assert f"{url}/runs/" not in notice + rest
    close(sockets)


SHORT = """
import sys, time, runicorn as rn
for run_id in sys.argv[2:]:
    run = rn.init("seen", "short", run_id=run_id, url=sys.argv[1], system_metrics=False, capture_env=False)
    run.log({"loss": 1.0})
    if run_id == sys.argv[2]:
        sys.stdin.readline()
    began = time.monotonic()
    run.finish()
    print(time.monotonic() - began, flush=True)
"""


@pytest.mark.parametrize("kind", ["down", "silent"])
def test_the_end_of_runs_does_not_wait_for_a_server_that_never_answered(
    kind: str, near: Path, home: Path
) -> None:
    sockets: list[socket.socket] = []
    url = silent_url(sockets) if kind == "silent" else f"http://127.0.0.1:{free_port()}"
    ids = [new_id() for _ in range(3)]
    training = train(SHORT, near, home, url, *ids)
    only_sender(near)
    out, errors = training.communicate("\n", timeout=120)
    first, *others = map(float, out.split())
    assert first < 4.0 and max(others) < 1.5, (first, others)
    for run_id in ids:
        assert f"runicorn sync --storage {near} {run_id}" in errors
    close(sockets)


def test_the_end_of_a_container_waits_for_a_server_that_starts_late(near: Path, home: Path) -> None:
    script = """
import sys, time, runicorn as rn
run = rn.init("seen", "kept", url=sys.argv[1], system_metrics=False, capture_env=False)
print(run.upload.longest_wait(), flush=True)
run.finish(upload_timeout=0)
"""
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.run(
        [*in_a_pid_namespace(), sys.executable, "-c", script, url],
        env=environment(home, RUNICORN_DIR=str(near)),
        cwd=near,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert float(process.stdout) == 30.0


def test_the_next_sync_uploads_runs_that_a_container_left_behind(
    near: Path, home: Path, viewer: Viewer, run_id: str
) -> None:
    script = TRAINING.replace("sys.stdin.readline()", "import os; os._exit(0)")
    leftover = new_id()
    subprocess.run(
        [*in_a_pid_namespace(), sys.executable, "-c", script, leftover, viewer.url],
        env=environment(home, RUNICORN_DIR=str(near)),
        cwd=near,
        capture_output=True,
        check=True,
        timeout=120,
    )
    until(lambda: not senders(near))
    rn.init("seen", "local", run_id=run_id, storage=near, capture_env=False, system_metrics=False).finish()
    process = sync(near, home, run_id, "--url", viewer.url)
    assert process.returncode == 0, process.stdout + process.stderr
    assert (
        f"{leftover} is at {viewer.url}/runs/{leftover}" in process.stdout and "left behind" in process.stdout
    )
    assert (viewer.root / "seen/one/runs" / leftover / "events.jsonl").exists()
    again = sync(near, home, run_id)
    assert leftover not in again.stdout, "it is uploaded once"
