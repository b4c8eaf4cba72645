from __future__ import annotations

import asyncio

import pytest

from runs.live.backpressure import Message, Receive, Send, SocketFlow

LEFT = {"type": "websocket.disconnect", "code": 1001}


@pytest.mark.parametrize("is_reported", [True, False])
async def test_a_server_that_raises_for_a_client_that_has_left_breaks_no_socket(is_reported: bool) -> None:
    """uvicorn raises an OSError until it has reported the disconnect, and with one of its protocols another error then."""
    messages, events = [], asyncio.Queue[Message]()
    has_left = asyncio.Event()

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        has_left.set()
        if is_reported:
            assert await receive() == LEFT
        await send({"type": "websocket.send", "text": "too late"})
        await send({"type": "websocket.close", "code": 4404})

    async def send(message: Message) -> None:
        if has_left.is_set():
            raise RuntimeError(message) if is_reported else ConnectionResetError
        messages.append(message)

    events.put_nowait({"type": "websocket.connect"})
    events.put_nowait(LEFT)
    await SocketFlow(application)({"type": "websocket"}, events.get, send)
    assert messages == [{"type": "websocket.accept"}]
