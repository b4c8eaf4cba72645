from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from runicorn._version import __version__
from runicorn.remote_protocol import (
    END,
    HEARTBEAT,
    IMPLEMENTATION,
    OPEN,
    BadLine,
    LaunchRequest,
    make_stamp,
    parse_launch_request,
    proof,
)
from runicorn_site.server.remote_mode import take_over
from tests.folders import write_run
from tests.processes import free_port
from tests.server.remote.viewer_process import TOKEN, RemoteViewerProcess, launch_request
from tests.waiting import until

Start = Callable[..., RemoteViewerProcess]


@pytest.fixture
def start(folder: Path, home: Path) -> Iterator[Start]:
    """Start remote viewers over `folder` and end them with the test."""
    started: list[RemoteViewerProcess] = []

    def begin(*options: str, root: Path = folder, session: str = "s", **more: object) -> RemoteViewerProcess:
        fields = {"patience": 60.0, **more}
        started.append(
            RemoteViewerProcess(LaunchRequest(session, TOKEN, str(root), **fields), home, *options)
        )  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for side in started:
        side.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteViewerProcess]:
    """A remote viewer over a store with one run, for the tests that leave it running."""
    root = tmp_path_factory.mktemp("store")
    write_run(root)
    side = RemoteViewerProcess(
        LaunchRequest("shared", TOKEN, str(root), patience=600.0), tmp_path_factory.mktemp("home")
    )
    yield side
    side.stop()


def leftover_files(home: Path) -> list[Path]:
    """Return files that exist only while a remote viewer runs."""
    return [
        *(home / "data" / "viewers").glob("*"),
        *(home / "data" / "sessions").glob("*"),
        *home.glob("*.log"),
    ]


def test_a_remote_viewer_reports_its_port_and_serves_clients_with_the_token(
    shared: RemoteViewerProcess,
) -> None:
    report = shared.report
    assert (report.implementation, report.version) == (IMPLEMENTATION, __version__)
    assert report.pid == shared.process.pid
    (run,) = Path(report.root).glob("*/*/runs/*")
    assert [item["id"] for item in shared.get("/api/runs").json()] == [run.name]
    assert requests.get(shared.url + "/api/runs", timeout=60).status_code == 401
    listening = {
        c.laddr.ip for c in psutil.Process(report.pid).net_connections("tcp") if c.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}


def test_a_remote_viewer_without_a_connection_runs_until_its_heartbeats_stop(
    start: Start, home: Path
) -> None:
    side = start(patience=3.0)
    first = side.report
    side.hang_up()
    until(lambda: side.ask().json()["time"] > first.time + 3.5, pause=0.2)  # longer than its timeout
    assert side.get("/healthz").status_code == 200  # a page may take longer than the timeout
    assert side.process.wait(60) == 0
    assert leftover_files(home) == []


def test_a_stop_request_ends_a_remote_viewer_and_its_token_leaks_nowhere(start: Start, home: Path) -> None:
    side = start()
    process = psutil.Process(side.process.pid)
    assert TOKEN not in " ".join(process.cmdline()) + str(process.environ()) + side.first
    assert side.ask(END).json()["pid"] == side.process.pid
    assert side.process.wait(60) == 0
    assert leftover_files(home) == []
    assert TOKEN not in side.complaint
    assert not [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_heartbeats_and_stop_requests_require_the_token(shared: RemoteViewerProcess) -> None:
    for purpose in (HEARTBEAT, END):
        assert shared.ask(purpose, token="wrong").status_code == 401
        assert shared.ask(purpose, stamp=make_stamp(TOKEN, OPEN, time.time())).status_code == 401
    assert requests.post(shared.url + "/remote-session", timeout=60).status_code == 401
    assert shared.process.poll() is None


def test_a_response_is_authenticated_and_a_stamp_is_valid_once(shared: RemoteViewerProcess) -> None:
    stamp = make_stamp(TOKEN, HEARTBEAT, time.time())
    assert shared.ask(stamp=stamp).json()["proof"] == proof(TOKEN, stamp)
    assert shared.ask(stamp=stamp).status_code == 401


def test_a_closed_terminal_does_not_end_a_remote_viewer(shared: RemoteViewerProcess) -> None:
    shared.process.send_signal(signal.SIGHUP)
    assert shared.ask().ok


def test_a_later_viewer_of_the_same_session_replaces_it(start: Start, folder: Path, home: Path) -> None:
    port = free_port()
    first = start(port=port)
    second = start(port=port)
    assert (first.process.wait(60), second.report.port) == (0, port)
    assert second.ask().ok
    (word,) = leftover_files(home)
    second.stop()
    take_over(home / "data", LaunchRequest("another", TOKEN), folder)
    assert not word.exists()  # the next one removes files of killed ones


def test_a_viewer_of_another_session_or_root_replaces_none(folder: Path, tmp_path: Path) -> None:
    first, another = LaunchRequest("s", TOKEN), LaunchRequest("another", TOKEN)
    words = [take_over(folder, order, root) for order in (first, another) for root in (folder, tmp_path)]
    assert len(set(words)) == 4 and all(word.exists() for word in words)
    assert take_over(folder, first, folder) == words[0]


def test_a_link_made_with_the_token_opens_once(shared: RemoteViewerProcess) -> None:
    now = shared.ask().json()["time"]
    link = shared.url + "/?once=" + make_stamp(TOKEN, OPEN, now)
    assert requests.get(link, timeout=60, allow_redirects=False).status_code == 303
    assert requests.get(link, timeout=60, allow_redirects=False).status_code == 401
    for secret in (
        make_stamp(TOKEN, OPEN, now - 301),
        make_stamp("another token", OPEN, now),
        make_stamp(TOKEN, HEARTBEAT, now),
        "x",
        ".",
        "1.2",
    ):
        old = requests.get(shared.url + "/", params={"once": secret}, timeout=60, allow_redirects=False)
        assert old.status_code == 401
        assert "from the remote page of the viewer that started it" in old.text


def test_a_home_without_a_usable_file_system_does_not_prevent_a_start(folder: Path, home: Path) -> None:
    """If the usual folder is a file, the database is in /var/tmp, on a local disk."""
    home.mkdir()
    (home / "data").write_text("")
    side = RemoteViewerProcess(LaunchRequest("s", TOKEN, str(folder)), home)
    try:
        open_files = {file.path for file in psutil.Process(side.report.pid).open_files()}
        assert any(path.startswith(f"/var/tmp/runicorn-{os.getuid()}/") for path in open_files)
    finally:
        side.stop()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON"),
        ("not json\n", "not JSON"),
        ("[]\n", "not a JSON object"),
        (launch_request(session="s"), "session and token are missing"),
        (launch_request(session="s", token=3), "token has the wrong type"),
        (launch_request(session="s", token="t", port=70000), "is invalid"),
    ],
)
def test_an_invalid_launch_request_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadLine, match=sentence):
        parse_launch_request(text)


@pytest.mark.parametrize("request_line", ["\n", launch_request(session="s", token="t", port=70000)])
def test_a_remote_viewer_exits_without_a_valid_launch_request(request_line: str, home: Path) -> None:
    side = RemoteViewerProcess(request_line, home)
    assert side.process.wait(60) == 2
    output = side.complaint
    side.stop()
    assert output.startswith(
        "runicorn: --remote-mode reads a launch request of another viewer from standard input: "
    )


def test_startup_errors_are_one_sentence(
    start: Start, shared: RemoteViewerProcess, folder: Path, home: Path
) -> None:
    side = start(root=folder / "missing")
    assert side.process.wait(60) == 4
    assert side.complaint == f"runicorn: There is no folder {folder / 'missing'}\n"
    side = start(session="another", port=shared.report.port)
    assert side.process.wait(60) == 4
    assert "Address already in use" in side.complaint
    assert leftover_files(home) == []
