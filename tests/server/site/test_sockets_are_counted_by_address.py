from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from runicorn_site.security.guard import Receive, Scope, Send
from runicorn_site.security.rates.socket_limit import SocketLimit
from runicorn_site.web.actor import SHARED
from tests.processes import Viewer
from tests.server.site.wire import handshake
from tests.waiting import until


def open_socket(viewer: Viewer, path: str) -> ClientConnection:
    """A WebSocket to a viewer."""
    return connect(f"ws://127.0.0.1:{viewer.port}{path}", open_timeout=60)


def close_code(socket: ClientConnection, within: float = 10) -> int | None:
    """The code with which the server closes a socket, or None while it is open after some seconds."""
    try:
        socket.recv(timeout=within)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    except TimeoutError:
        return None
    return None


def test_the_eleventh_log_socket_is_closed(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, logs="one\n")
    viewer = start_viewer()
    logs, live = f"/api/runs/{run_id}/logs/ws", f"/runs/{run_id}/live"
    with ExitStack() as stack:
        opened = [stack.enter_context(open_socket(viewer, logs)) for _ in range(10)]
        assert {socket.recv(timeout=60) for socket in opened} == {"one"}
        assert close_code(stack.enter_context(open_socket(viewer, logs))) == 4429
        assert close_code(stack.enter_context(open_socket(viewer, live)), within=1) is None
        opened[0].close()
        until(lambda: close_code(stack.enter_context(open_socket(viewer, logs))) is None)


def test_without_a_limit_there_are_more(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, logs="one\n")
    viewer = start_viewer(RUNICORN_MAX_SOCKETS="0")
    with ExitStack() as stack:
        opened = [stack.enter_context(open_socket(viewer, f"/api/runs/{run_id}/logs/ws")) for _ in range(15)]
        assert {socket.recv(timeout=60) for socket in opened} == {"one"}


def test_ten_times_as_many_sockets_of_shared_pages_are_open() -> None:
    async def codes() -> list[int | None]:
        release, closed = asyncio.Event(), list[int | None]()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            closed.append(None)
            await release.wait()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "websocket.close":
                closed.append(message["code"])

        limit = SocketLimit(app, limit=2)
        scopes: list[dict[str, Any]] = [
            {"path": "/runs/x/live", "client": ["192.0.2.1", 1], SHARED: object()} for _ in range(21)
        ]
        scopes.append({**scopes[0], "client": ["192.0.2.2", 1]})
        scopes.append({"path": "/runs/x/live", "client": ["192.0.2.1", 1]})
        tasks = [asyncio.ensure_future(limit(scope, app, send)) for scope in scopes]  # type: ignore[arg-type]
        while len(closed) < len(scopes):
            await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*tasks)
        assert not limit.open
        return closed

    assert asyncio.run(codes()) == [*[None] * 20, 4429, None, None]


def test_an_address_without_a_socket_closes(plain: Viewer) -> None:
    assert handshake(plain.port, "/api/nothing/ws", host=f"127.0.0.1:{plain.port}") in {403, 404, 500}


@pytest.mark.torture
def test_a_vanished_client_is_released_within_a_minute(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    import psutil

    run_id = make_run(folder, logs="one\n")
    viewer = start_viewer()
    process = psutil.Process(viewer.process.pid)
    with open_socket(viewer, f"/api/runs/{run_id}/logs/ws") as socket:
        socket.recv(timeout=60)
        port = socket.socket.getsockname()[1]

        def connected() -> bool:
            return any(peer.raddr and peer.raddr.port == port for peer in process.net_connections())

        assert connected()
        socket.protocol.receive_data = lambda data: None  # alive as a connection, deaf as a client
        until(lambda: not connected(), pause=0.5)
