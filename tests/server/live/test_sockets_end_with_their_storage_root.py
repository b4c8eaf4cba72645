from __future__ import annotations

from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from runs.active_root import activate
from runs.live.urls import websocket_patterns
from tests.folders import write_run


@pytest.mark.django_db(transaction=True)
async def test_another_active_root_closes_the_sockets_of_the_old_one(folder: Path, tmp_path: Path) -> None:
    run_id = write_run(folder, logs="one\n")
    (tmp_path / "other").mkdir()
    await database_sync_to_async(activate)(folder)
    client = WebsocketCommunicator(URLRouter(websocket_patterns), f"/api/runs/{run_id}/logs/ws")
    assert (await client.connect(timeout=60))[0]
    assert await client.receive_from(timeout=60) == "one"
    await database_sync_to_async(activate)(tmp_path / "other")
    assert (await client.receive_output(timeout=60))["code"] == 4404
    await client.disconnect(timeout=60)
