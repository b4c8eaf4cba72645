from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client as sockets

from tests.browser import careful_page
from tests.processes import Viewer, environment
from tests.secrecy import holds

RUN = "20250101_000000_abcdef"


@pytest.fixture
def guarded(start_viewer: Callable[..., Viewer]) -> Viewer:
    """A viewer that asks every browser for its token."""
    return start_viewer(RUNICORN_TOKEN="auto", RUNICORN_RATE_LIMIT="off")


def token_of(viewer: Viewer) -> str:
    """The token that the viewer made."""
    return holds(viewer.log.parent / "data" / f"token-{viewer.port}").read_text(encoding="ascii")


def runicorn_open(viewer: Viewer, *options: str) -> str:
    """What `runicorn open` prints."""
    home = viewer.log.parent
    command = [sys.executable, "-m", "runicorn", "open", "--print", *options]
    return subprocess.run(
        command, env=environment(home), cwd=home, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_command_ends_all_sessions_and_keeps_the_token(guarded: Viewer) -> None:
    answer = guarded.post("/token", data={"token": token_of(guarded)}, allow_redirects=False)
    cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    assert guarded.get("/api/health", headers=cookie).status_code == 200
    link = runicorn_open(guarded, "--end-sessions")
    assert guarded.get("/api/health", headers=cookie).status_code == 401
    bearer = {"Authorization": f"Bearer {token_of(guarded)}"}
    assert guarded.get("/api/health", headers=bearer).status_code == 200
    again = guarded.get(link.removeprefix(guarded.url), allow_redirects=False)
    assert again.status_code == 303 and again.headers["Set-Cookie"].partition(";")[0] != cookie["Cookie"]


def test_an_open_socket_gets_nothing_more(
    guarded: Viewer, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, logs="first\n", status="running")
    log = folder / "vision" / "resnet" / "runs" / run_id / "logs.txt"
    answer = guarded.post("/token", data={"token": token_of(guarded)}, allow_redirects=False)
    cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    address = f"ws://127.0.0.1:{guarded.port}/api/runs/{run_id}/logs/ws"
    with sockets.connect(address, additional_headers=cookie) as socket:
        assert "first" in str(socket.recv(timeout=30))
        runicorn_open(guarded, "--end-sessions")
        with log.open("a", encoding="utf-8") as file:
            file.write("secret\n")
        with pytest.raises(sockets_closed()) as closed:
            while "secret" not in str(socket.recv(timeout=30)):
                pass
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def sockets_closed() -> Any:
    """The exception of a closed socket."""
    from websockets.exceptions import ConnectionClosed

    return ConnectionClosed


def test_the_button_signs_every_browser_out(chromium: Any, guarded: Viewer) -> None:
    with careful_page(chromium, refused=(401,)) as page:
        page.goto(runicorn_open(guarded))
        page.goto(f"{guarded.url}/settings")
        page.get_by_role("button", name="End all sessions").click()
        page.get_by_label("Token").wait_for()
        page.get_by_label("Token").fill(token_of(guarded))
        page.get_by_role("button", name="Open").click()
        page.get_by_role("heading", name="Settings").wait_for()


def test_without_a_token_there_are_no_sessions_to_end(shared_viewer: Viewer) -> None:
    assert "End all sessions" not in shared_viewer.get("/settings").text
