"""Any of three servers is killed while trainers upload: every acknowledged byte is there, once."""

from __future__ import annotations

import random

import pytest

from tests.server.cluster.servers import Cluster
from tests.server.cluster.training import LONGEST, compare, start_trainers
from tests.server.cluster.uploading import is_ready
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")


def kill_and_compare(cluster: Cluster, trainers: int, kills: int, database_restarts: int, seed: int) -> None:
    """Kill servers while trainers upload, then compare what each server shows with what was sent."""
    chance, uploading = random.Random(seed), start_trainers(cluster, trainers, f"{seed:06x}")
    restarts = {chance.randrange(kills) for _ in range(database_restarts)}
    for number in range(kills):
        before = sum(trainer.acknowledged for trainer in uploading)
        killed = cluster.restart(chance.randrange(len(cluster.servers)))
        if number in restarts:
            cluster.database.stop()
            cluster.database.start()
        until(lambda before=before: sum(trainer.acknowledged for trainer in uploading) > before, LONGEST)
        if chance.random() < 0.8:
            until(lambda killed=killed: killed.process.poll() is not None or is_ready(killed.url), LONGEST)
    for number, server in enumerate(cluster.servers):
        if server.process.poll() is not None:  # it found no database at its start
            cluster.restart(number)
    for server in cluster.servers:
        until(lambda server=server: is_ready(server.url), LONGEST)
    until(lambda: all(trainer.acknowledged for trainer in uploading), LONGEST)
    compare(cluster, uploading)


def test_acknowledged_uploads_survive_killed_servers_and_a_restarted_database(cluster: Cluster) -> None:
    kill_and_compare(cluster, trainers=6, kills=3, database_restarts=1, seed=5)


@pytest.mark.torture
@pytest.mark.timeout(14400)
def test_acknowledged_uploads_of_many_trainers_survive_a_hundred_kills(cluster: Cluster) -> None:
    kill_and_compare(cluster, trainers=200, kills=100, database_restarts=3, seed=9)
