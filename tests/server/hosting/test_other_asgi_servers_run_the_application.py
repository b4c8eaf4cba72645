"""The application under uvicorn and granian: pages, sockets, uploads, the token, the base path and the end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from runicorn.api import RunicornClient
from tests.folders import append_metrics, write_run
from tests.processes import PROJECT, environment, free_port, train
from tests.secrecy import holds
from tests.waiting import until

APPLICATION = ("runicorn_site.asgi:application", "--port", "{port}")
SERVERS = {
    "uvicorn": ("-m", "uvicorn", *APPLICATION),
    "granian": ("-m", "granian", "--interface", "asgi", *APPLICATION, "--access-log"),
}
BASE = "/lab"
TOKEN = "5f0e9a41c7bd4e20a3861f9d2b7c6e84"
RUN = "20240101_000000_aaaaaa"
UPLOAD = """
import runicorn as rn
with rn.init("sent", "run", capture_env=False, system_metrics=False) as run:
    run.log({"loss": 1.0})
"""


@dataclass(frozen=True)
class Running:
    """A server process."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path
    root: Path
    log: Path

    @property
    def client(self) -> RunicornClient:
        return RunicornClient(self.url, token=TOKEN)


@pytest.fixture(scope="module", params=sorted(SERVERS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Each of the servers, below a path and with a token."""
    home = tmp_path_factory.mktemp("home")
    (root := home / "store").mkdir()
    write_run(root, run_id=RUN, metrics=[{"loss": 0.5}])
    server = start(request.param, home, root)
    process, log = server.process, server.log
    try:
        until(lambda: is_ready(server), timeout=90)
        yield server
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM), log.read_text(errors="replace")
    finally:
        process.kill()
        process.wait(60)
    text = log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in text, text


def start(server: str, home: Path, root: Path) -> Running:
    """Start a server."""
    log, port = home / "log", free_port()
    holds(home / "token").write_text(TOKEN, encoding="ascii")
    settings = {
        "RUNICORN_DIR": str(root),
        "RUNICORN_TOKEN": str(home / "token"),
        "RUNICORN_BASE_PATH": BASE,
        "RUNICORN_RATE_LIMIT": "off",
        "DJANGO_SETTINGS_MODULE": "runicorn_site.settings",
    }
    command = [sys.executable, *(word.format(port=port) for word in SERVERS[server])]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment(home, **settings), stdout=output, stderr=output
        )
    return Running(process, f"http://127.0.0.1:{port}{BASE}", home, root, log)


def is_ready(running: Running) -> bool:
    """Return whether the store and the database respond."""
    assert running.process.poll() is None, running.log.read_text(errors="replace")
    try:
        return requests.get(f"{running.url}/readyz", timeout=5).text == "ready\n"
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_background_work_runs_and_new_points_arrive_over_the_socket(running: Running) -> None:
    until(lambda: running.client.get_metrics(RUN)["metrics"].get("loss"))
    page = requests.get(f"{running.url}/runs/{RUN}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert page.status_code == 200 and f'data-live="{BASE}/runs/{RUN}/live"' in page.text
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    curves = requests.get(f"{running.url}/runs/{RUN}/series", headers=bearer, timeout=30).json()
    place = "&".join(
        f"{name}={curves[of]}"
        for name, of in (("end", "journal_end"), ("row", "last_row"), ("generation", "generation"))
    )
    address = f"{running.url.replace('http', 'ws')}/runs/{RUN}/live"
    with connect(f"{address}?{place}", additional_headers=bearer) as socket:
        append_metrics(running.root, "vision", "resnet", RUN, [{"loss": 0.25, "global_step": 2}], 1.8e9)
        until(lambda: '"points"' in (frame := str(socket.recv(timeout=30))) and "0.25" in frame)
    with pytest.raises(InvalidStatus):
        connect(address)


def test_clients_that_leave_while_frames_are_sent_to_them_are_no_errors(running: Running) -> None:
    """The fixture looks for a traceback in the log."""
    run_id = write_run(running.root, status="running", metrics=[{"loss": 1.0}], logs="one\n" * 5000)
    until(lambda: running.client.get_metrics(run_id)["metrics"].get("loss"))
    address = f"{running.url.replace('http', 'ws')}/runs/{run_id}/live?end=0&row=-1&generation=1"
    for _ in range(20):
        with connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
            socket.recv(timeout=30)


def test_requests_need_the_token_and_the_base_path(running: Running) -> None:
    assert requests.get(f"{running.url}/api/runs", timeout=30).status_code == 401
    assert requests.get(running.url.removesuffix(BASE) + "/api/runs", timeout=30).status_code == 404
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    foreign = requests.get(f"{running.url}/api/runs", headers=bearer | {"Host": "evil.example"}, timeout=30)
    assert foreign.status_code == 403


def test_runs_are_uploaded_and_large_bodies_refused(running: Running) -> None:
    settings = {"RUNICORN_URL": running.url, "RUNICORN_TOKEN": TOKEN}
    training = train(UPLOAD, running.home, running.home / "trainer", **settings)
    _, error = training.communicate(timeout=60)
    assert training.returncode == 0, error
    until(lambda: [run["project"] for run in running.client.list_experiments(project="sent")] == ["sent"])
    bearer = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    megabyte = b"x" * 1024 * 1024
    for method, path, body in (
        ("POST", "/api/v2/where", megabyte * 9),
        ("POST", "/api/v2/where", iter([megabyte] * 10)),
        ("GET", "/api/runs", iter([megabyte] * 10)),
        ("POST", "/s/short-forms-only", megabyte),
    ):
        try:
            response = requests.request(method, running.url + path, data=body, headers=bearer, timeout=60)
        except requests.ConnectionError:  # the server closed while the rest was still being sent
            continue
        assert response.status_code == 413, (method, path)


def test_the_storage_root_is_that_of_all_workers(running: Running, tmp_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    address = f"{running.url}/api/config/user_root_dir"
    answer = requests.post(address, json={"path": str(tmp_path)}, headers=bearer, timeout=30)
    assert answer.status_code == 403, answer.text


def test_a_shared_link_works(running: Running) -> None:
    url = running.client.shares.create("run", RUN)["url"]
    assert url.startswith(running.url) and requests.get(url, timeout=30).status_code == 200
    until(lambda: "/s/…" in running.log.read_text(errors="replace"))
    assert url.split("/s/")[1].strip("/") not in running.log.read_text(errors="replace")


@pytest.mark.parametrize("server", sorted(SERVERS))
def test_a_server_that_cannot_start_says_why(server: str, tmp_path: Path) -> None:
    failed = start(server, tmp_path, root := tmp_path / "token" / "below-a-file")
    assert failed.process.wait(60) != 0
    assert f"There is no folder {root}" in failed.log.read_text(encoding="utf-8")
