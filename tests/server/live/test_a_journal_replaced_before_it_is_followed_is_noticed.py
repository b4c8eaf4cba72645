from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.live.socket import JournalPosition, LiveSocket
from metrics.models import Journal
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run


class Follower(LiveSocket):
    """The socket of a page without the page: it keeps what it would send."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run, self.folder = run, run.path
        self.frames: list[str] = []
        self._moved, self._sent, self._reading = asyncio.Event(), 0, set()

    async def send_all(self, frames: Any) -> None:
        self.frames += frames


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_of_a_new_journal_from_the_place_in_the_old_one(
    store: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(store, metrics=[{"loss": 0.5}] * 3)
    discovery.full(active_root())
    run = Run.objects.get(run_id=run_id)
    catch_up(run, wait=60)
    journal = Journal.objects.get(run=run.pk)
    place = JournalPosition(journal.generation, journal.offset, journal.rows - 1)

    other = make_run(store, metrics=[{"accuracy": 0.25}] * 30)
    (store / "vision" / "resnet" / "runs" / other / "events.jsonl").rename(run.path / "events.jsonl")
    follower = Follower(run)
    asyncio.run(asyncio.wait_for(follower.follow(place), 15))
    assert follower.frames == []
