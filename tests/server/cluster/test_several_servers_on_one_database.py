"""Three servers on one PostgreSQL and one store: pages of each show what any of them received."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.server.alerts.conftest import Receiver
from tests.server.cluster.servers import Cluster
from tests.server.cluster.uploading import begin, point, put, set_status, steps
from tests.server.live.sockets import frames, open_socket
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")
LOOPS = {"discover", "ingest", "catalogue", "judge", "alerts", "deliver"}
LATEST_SECONDS = 0.3
POINTS = 60


def runs_of_messages(receiver: Receiver) -> list[str]:
    """The runs about which messages were sent."""
    return [body["run"]["id"] for body in receiver.bodies]


def test_points_uploaded_to_one_server_are_live_on_a_page_of_another(cluster: Cluster) -> None:
    run_id, here, there, offset = "20260101_120000_aaaaaa", [], [], 0
    begin(cluster.servers[0], run_id)
    put(cluster.servers[0], run_id, "events.jsonl", b"", offset=0).raise_for_status()
    own, other = (open_socket(server, f"/runs/{run_id}/live?end=0&row=-1") for server in cluster.servers[:2])
    with own, other:
        for step in range(1, POINTS + 1):
            line = point(step)
            began = time.monotonic()
            put(cluster.servers[0], run_id, "events.jsonl", line, offset=offset).raise_for_status()
            offset += len(line)
            for page, delays in ((own, here), (other, there)):
                while step not in frames(page, "points")["series"].get("loss", {"step": []})["step"]:
                    pass
                delays.append(time.monotonic() - began)
    # On a busy machine the page of the same server waits, too.
    latest = max(LATEST_SECONDS, 2 * sorted(here)[int(0.95 * POINTS)])
    assert sorted(there)[int(0.95 * POINTS)] <= latest, (sorted(here), sorted(there))
    for server in cluster.servers:
        assert steps(server, run_id) == list(range(1, POINTS + 1))


def test_each_part_of_the_background_work_is_done_by_one_server(
    cluster: Cluster, make_receiver: Callable[..., Receiver]
) -> None:
    until(lambda: cluster.leaders().keys() >= LOOPS)
    receiver, rule = make_receiver(), {"name": "failed", "when": {"kind": "state", "states": ["failed"]}}
    answer = cluster.servers[0].post("/api/v2/alerts/channels", json={"name": "hook", "url": receiver.url})
    assert answer.status_code == 201, answer.text
    rule["channels"] = [answer.json()["id"]]
    assert cluster.servers[1].post("/api/v2/alerts/rules", json=rule).status_code == 201
    for number, server in enumerate(cluster.servers):
        begin(server, run_id := f"20260101_13000{number}_aaaaaa")
        set_status(cluster.servers[number - 1], run_id, "failed")
    until(lambda: len(runs_of_messages(receiver)) == 3)
    # The message of a server that is killed before it has recorded it is sent again.
    pending = "SELECT 1 FROM runicorn_server.alerts_alertdelivery WHERE status = 'pending'"
    until(lambda: not cluster.database.execute(pending))

    for number in (0, 1):
        cluster.restart(number)
    begin(cluster.servers[2], "20260101_140000_aaaaaa", status="failed")
    until(lambda: len(runs_of_messages(receiver)) == 4)
    until(lambda: cluster.leaders().keys() >= LOOPS)
    assert len(set(runs_of_messages(receiver))) == len(runs_of_messages(receiver)) == 4
    for server in cluster.servers:
        server.wait_until_it_answers()


def test_servers_recover_by_themselves_after_a_restart_of_the_database(cluster: Cluster) -> None:
    run_id, content = "20260101_150000_aaaaaa", b"".join(map(point, range(1, 11)))
    begin(cluster.servers[0], run_id)
    put(cluster.servers[0], run_id, "events.jsonl", content, offset=0).raise_for_status()
    for server in cluster.servers:
        assert steps(server, run_id) == list(range(1, 11))
    cluster.database.stop()
    try:
        for server in cluster.servers:
            assert server.get("/api/runs").status_code == 503
            assert server.get("/readyz").status_code == 503
            assert server.get("/healthz").status_code == 200
    finally:
        cluster.database.start()
    more = b"".join(map(point, range(11, 21)))
    for server in cluster.servers:
        until(lambda server=server: server.get("/readyz").status_code == 200)
    put(cluster.servers[2], run_id, "events.jsonl", more, offset=len(content)).raise_for_status()
    for server in cluster.servers:
        assert steps(server, run_id) == list(range(1, 21))
    until(lambda: cluster.leaders().keys() >= LOOPS)
    for server in cluster.servers:
        assert "failed and restarts" not in server.output, server.output
