"""Three servers on one PostgreSQL and one store: pages of each show what any of them received."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest
import requests

from tests.alerts.conftest import Receiver
from tests.cluster.servers import Cluster
from tests.live.sockets import frames, open_socket
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")
LOOPS = {"discover", "ingest", "catalogue", "judge", "alerts", "deliver"}
LATEST_SECONDS = 0.3
POINTS = 60


def put(server: Viewer, run_id: str, name: str, content: bytes, **query: object) -> requests.Response:
    """Upload a file of a run, or the next part of a growing one."""
    if "offset" not in query:
        query["digest"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    url, kind = f"{server.url}/api/runs/{run_id}/files/{name}", {"Content-Type": "application/octet-stream"}
    parameters = {key: str(value) for key, value in query.items()}
    return requests.put(url, data=content, params=parameters, headers=kind, timeout=30)


def begin(server: Viewer, run_id: str, status: str = "running") -> None:
    """Upload the first files of a run."""
    meta = {"id": run_id, "project": "vision", "name": "resnet", "created_at": time.time()}
    put(server, run_id, "meta.json", json.dumps(meta).encode()).raise_for_status()
    set_status(server, run_id, status)


def set_status(server: Viewer, run_id: str, status: str) -> None:
    """Upload the status of a run."""
    content = json.dumps({"status": status, "started_at": time.time()}).encode()
    put(server, run_id, "status.json", content).raise_for_status()


def point(step: int) -> bytes:
    """A line of a journal."""
    data = {"global_step": step, "time": time.time(), "loss": step / 7}
    return json.dumps({"ts": time.time(), "type": "metrics", "data": data}).encode() + b"\n"


def steps(server: Viewer, run_id: str) -> list[int]:
    """The steps that a server shows of a run."""
    rows = server.get(f"/api/runs/{run_id}/metrics_step").json()["rows"]
    return [row["global_step"] for row in rows]


def told(receiver: Receiver) -> list[str]:
    """The runs about which messages were sent."""
    return [body["run"]["id"] for body in receiver.bodies]


def test_points_uploaded_to_one_server_are_live_on_a_page_of_another(cluster: Cluster) -> None:
    run_id, delays, offset = "20260101_120000_aaaaaa", [], 0
    begin(cluster.servers[0], run_id)
    put(cluster.servers[0], run_id, "events.jsonl", b"", offset=0).raise_for_status()
    with open_socket(cluster.servers[1], f"/runs/{run_id}/live?end=0&row=-1") as page:
        for step in range(1, POINTS + 1):
            line = point(step)
            began = time.monotonic()
            put(cluster.servers[0], run_id, "events.jsonl", line, offset=offset).raise_for_status()
            offset += len(line)
            while step not in frames(page, "points")["series"].get("loss", {"step": []})["step"]:
                pass
            delays.append(time.monotonic() - began)
    assert sorted(delays)[int(0.95 * POINTS)] <= LATEST_SECONDS, sorted(delays)
    for server in cluster.servers:
        assert steps(server, run_id) == list(range(1, POINTS + 1))


def test_each_part_of_the_background_work_is_done_by_one_server(
    cluster: Cluster, make_receiver: Callable[..., Receiver]
) -> None:
    until(lambda: cluster.leaders().keys() == LOOPS)
    receiver, rule = make_receiver(), {"name": "failed", "when": {"kind": "state", "states": ["failed"]}}
    answer = cluster.servers[0].post("/api/v2/alerts/channels", json={"name": "hook", "url": receiver.url})
    assert answer.status_code == 201, answer.text
    rule["channels"] = [answer.json()["id"]]
    assert cluster.servers[1].post("/api/v2/alerts/rules", json=rule).status_code == 201
    for number, server in enumerate(cluster.servers):
        begin(server, run_id := f"20260101_13000{number}_aaaaaa")
        set_status(cluster.servers[number - 1], run_id, "failed")
    until(lambda: len(told(receiver)) == 3)

    for number in (0, 1):
        cluster.restart(number)
    begin(cluster.servers[2], "20260101_140000_aaaaaa", status="failed")
    until(lambda: len(told(receiver)) == 4)
    until(lambda: cluster.leaders().keys() == LOOPS)
    assert len(set(told(receiver))) == len(told(receiver)) == 4
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
    until(lambda: cluster.leaders().keys() == LOOPS)
    for server in cluster.servers:
        assert "failed and restarts" not in server.output, server.output
