from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.live import socket
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.folders import append_metrics
from tests.server.live.test_a_journal_replaced_before_it_is_followed_is_noticed import Follower


@pytest.mark.django_db(transaction=True)
def test_points_that_are_ingested_while_a_socket_opens_change_its_state(
    store: Path, make_run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "PAUSE", 0.01)
    summary = {"best_metric_name": "acc", "best_metric_mode": "max"}
    run_id = make_run(store, status="running", summary=summary, metrics=[{"acc": 0.5}])
    discovery.full(active_root())
    follower = Follower(Run.objects.get(run_id=run_id))
    follower.requested, follower._state = None, ()
    append_metrics(store, "vision", "resnet", run_id, [{"acc": 0.75, "global_step": 2}], since=2.0)

    async def follow() -> None:
        parts = [asyncio.create_task(part) for part in (follower.send_points(), follower.send_progress())]
        while not follower.frames:
            await asyncio.sleep(0.01)
        for part in parts:
            part.cancel()

    asyncio.run(asyncio.wait_for(follow(), 60))
    (frame,) = map(json.loads, follower.frames)
    assert (frame["type"], frame["run"]["best_metric_value"]) == ("status", 0.75)
