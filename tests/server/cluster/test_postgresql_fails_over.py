"""A standby of PostgreSQL takes over while trainers upload: nothing acknowledged is lost, and pages recover."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.postgresql import PostgreSQL, postgresql
from tests.server.cluster.servers import Cluster
from tests.server.cluster.training import LONGEST, compare, start_trainers
from tests.server.cluster.uploading import is_ready
from tests.waiting import until

pytestmark = [pytest.mark.needs("initdb", "pg_ctl", "pg_basebackup"), pytest.mark.torture]
INGESTED = "SELECT sum(records) FROM metrics_journal"
TRAINERS = 20


@pytest.fixture
def primary() -> Iterator[PostgreSQL]:
    """A server of its own, which ends before the test."""
    with postgresql() as server:
        yield server


@pytest.fixture
def standby(primary: PostgreSQL) -> Iterator[PostgreSQL]:
    """Its standby; the primary answers a commit only after the standby has it."""
    with postgresql(primary=primary) as server:
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = standby")
        primary.execute("SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        until(lambda: primary.execute(state) == [("sync",)], LONGEST)
        yield server


@pytest.fixture
def replicated(tmp_path: Path, primary: PostgreSQL, standby: PostgreSQL) -> Iterator[Cluster]:
    """Three servers that know both hosts."""
    hosts = ",".join(quote(str(server.folder)) for server in (primary, standby))
    url = f"postgresql://runicorn@/postgres?host={hosts}&target_session_attrs=read-write"
    cluster = Cluster(tmp_path, primary, RUNICORN_DATABASE_URL=url)
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.mark.timeout(3600)
def test_servers_continue_with_the_standby_that_was_promoted(
    replicated: Cluster, primary: PostgreSQL, standby: PostgreSQL
) -> None:
    trainers = start_trainers(replicated, TRAINERS, "ffffff")
    until(lambda: all(trainer.acknowledged for trainer in trainers), LONGEST)
    assert standby.execute("SELECT pg_is_in_recovery()") == [(True,)]
    ingested = until(lambda: primary.execute(INGESTED)[0][0], LONGEST)
    primary.stop()
    for server in replicated.servers:
        until(lambda server=server: server.get("/api/runs").status_code == 503, LONGEST)
        assert server.get("/healthz").status_code == 200
    standby.promote()
    assert standby.execute(INGESTED)[0][0] >= ingested
    for server in replicated.servers:
        until(lambda server=server: is_ready(server.url), LONGEST)
        assert server.get("/").status_code == server.get("/api/runs").status_code == 200
    before = {trainer.run_id: trainer.acknowledged for trainer in trainers}
    until(lambda: all(trainer.acknowledged > before[trainer.run_id] for trainer in trainers), LONGEST)
    compare(replicated, trainers)
    for server in replicated.servers:
        assert "failed and restarts" not in server.output, server.output
