"""Trainers that upload to several servers, and the comparison of what they sent with what is stored."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import requests

from tests.processes import Viewer
from tests.server.cluster.servers import Cluster
from tests.server.cluster.uploading import begin, point, put, steps

UPLOADS_PER_SECOND = 5
"""Of all trainers together: few enough to be stored while other programs use the machine."""
LONGEST = 300.0
"""Seconds until a server is ready or an upload is acknowledged, on a busy machine."""


class Trainer(threading.Thread):
    """Uploads points of one run to any server that answers, as through a proxy, until it is stopped.

    Args:
        pause: seconds between two uploads.

    Attributes:
        acknowledged: bytes of the journal that a server has confirmed.
    """

    def __init__(self, cluster: Cluster, run_id: str, pause: float) -> None:
        super().__init__(daemon=True)
        self.cluster, self.run_id, self.pause, self.stopping = cluster, run_id, pause, threading.Event()
        self.random = random.Random(run_id)
        self.journal, self.acknowledged, self.last = b"", 0, 0

    def run(self) -> None:
        """Begin the run and upload a few points at a time."""
        self.stopping.wait(self.random.uniform(0, self.pause))
        while not self.stopping.is_set() and not self._try(lambda server: begin(server, self.run_id)):
            pass
        while not self.stopping.is_set():
            first = self.last + 1
            self.last += self.random.randint(1, 20)
            self.journal += b"".join(map(point, range(first, self.last + 1)))
            while self.acknowledged < len(self.journal) and not self.stopping.is_set():
                self._try(self._send)
            self.stopping.wait(self.pause)

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
        self.stopping.wait(self.pause / 4)
        return False


def start_trainers(cluster: Cluster, count: int, suffix: str) -> list[Trainer]:
    """Start trainers of runs whose ids end in `suffix`."""
    ids = [f"20260201_{number:06d}_{suffix}" for number in range(count)]
    trainers = [Trainer(cluster, run_id, count / UPLOADS_PER_SECOND) for run_id in ids]
    for trainer in trainers:
        trainer.start()
    return trainers


def compare(cluster: Cluster, trainers: Sequence[Trainer]) -> None:
    """Stop the trainers, and compare what is stored and what each server shows with what they sent."""
    for trainer in trainers:
        trainer.stopping.set()
    for trainer in trainers:
        trainer.join(LONGEST)
    for trainer in trainers:
        journal = cluster.root / "vision" / "resnet" / "runs" / trainer.run_id / "events.jsonl"
        content = journal.read_bytes()
        assert content[: trainer.acknowledged] == trainer.journal[: trainer.acknowledged]
        assert trainer.journal.startswith(content)
        count = content.count(b"\n")
        for server in cluster.servers:
            assert steps(server, trainer.run_id) == list(range(1, count + 1))
