"""Any of three servers is killed while trainers upload: every acknowledged byte is there, once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests

from tests.cluster.servers import Cluster
from tests.cluster.uploading import begin, is_ready, point, put, steps
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")


class Trainer(threading.Thread):
    """Uploads points of one run to any server that answers, as through a proxy, until it is stopped.

    Attributes:
        acknowledged: bytes of the journal that a server has confirmed.
    """

    def __init__(self, cluster: Cluster, run_id: str, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.cluster, self.run_id, self.stopping = cluster, run_id, stopping
        self.random = random.Random(run_id)
        self.journal, self.acknowledged, self.last = b"", 0, 0

    def run(self) -> None:
        """Begin the run and upload a few points at a time."""
        while not self.stopping.is_set() and not self._try(lambda server: begin(server, self.run_id)):
            pass
        while not self.stopping.is_set():
            first = self.last + 1
            self.last += self.random.randint(1, 20)
            self.journal += b"".join(map(point, range(first, self.last + 1)))
            while self.acknowledged < len(self.journal) and not self.stopping.is_set():
                self._try(self._send)
            time.sleep(0.05)  # as a training does between two steps

    def _send(self, server: Viewer) -> None:
        answer = put(
            server, self.run_id, "events.jsonl", self.journal[self.acknowledged :], offset=self.acknowledged
        )
        if answer.status_code == 409:
            # A server stored it and was killed before it answered.
            assert self.acknowledged <= answer.json()["size"] <= len(self.journal), answer.text
        else:
            answer.raise_for_status()
        self.acknowledged = answer.json()["size"]

    def _try(self, send: Callable[[Viewer], None]) -> bool:
        with suppress(requests.RequestException):
            send(self.random.choice(self.cluster.servers))
            return True
        self.stopping.wait(0.05)
        return False


def kill_and_compare(cluster: Cluster, trainers: int, kills: int, database_restarts: int, seed: int) -> None:
    """Kill servers while trainers upload, then compare what each server shows with what was sent."""
    chance, stopping = random.Random(seed), threading.Event()
    uploading = [Trainer(cluster, f"20260201_{n:06d}_{seed:06x}", stopping) for n in range(trainers)]
    for trainer in uploading:
        trainer.start()
    restarts = {chance.randrange(kills) for _ in range(database_restarts)}
    for number in range(kills):
        before = sum(trainer.acknowledged for trainer in uploading)
        killed = cluster.restart(chance.randrange(len(cluster.servers)))
        if number in restarts:
            cluster.database.stop()
            cluster.database.start()
        until(lambda before=before: sum(trainer.acknowledged for trainer in uploading) > before)
        if chance.random() < 0.8:
            until(
                lambda killed=killed: killed.process.poll() is not None or is_ready(killed.url), timeout=120
            )
    for number, server in enumerate(cluster.servers):
        if server.process.poll() is not None:  # it found no database at its start
            cluster.restart(number)
    for server in cluster.servers:
        until(lambda server=server: is_ready(server.url), timeout=120)
    stopping.set()
    for trainer in uploading:
        trainer.join(60)
    for trainer in uploading:
        assert trainer.acknowledged > 0, trainer.run_id
        journal = cluster.root / "vision" / "resnet" / "runs" / trainer.run_id / "events.jsonl"
        stored = journal.read_bytes()
        assert stored[: trainer.acknowledged] == trainer.journal[: trainer.acknowledged]
        assert trainer.journal.startswith(stored)
        count = stored.count(b"\n")
        for server in cluster.servers:
            assert steps(server, trainer.run_id) == list(range(1, count + 1))


def test_acknowledged_uploads_survive_killed_servers_and_a_restarted_database(cluster: Cluster) -> None:
    kill_and_compare(cluster, trainers=6, kills=3, database_restarts=1, seed=5)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_acknowledged_uploads_survive_a_hundred_kills(cluster: Cluster) -> None:
    kill_and_compare(cluster, trainers=20, kills=100, database_restarts=3, seed=9)
