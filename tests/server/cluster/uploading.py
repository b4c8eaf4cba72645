"""Uploads of runs by the protocol, and what a server shows of them."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from functools import cache

import requests

from tests.processes import Viewer


def put(server: Viewer, run_id: str, name: str, content: bytes, **query: object) -> requests.Response:
    """Upload a file of a run, or the next part of a growing one."""
    if "offset" not in query:
        query["digest"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    url, kind = f"{server.url}/api/runs/{run_id}/files/{name}", {"Content-Type": "application/octet-stream"}
    parameters = {key: str(value) for key, value in query.items()}
    return requests.put(url, data=content, params=parameters, headers=kind, timeout=30)


@cache
def created_at(run_id: str) -> float:
    """When a run was begun for the first time."""
    return time.time()


def begin(server: Viewer, run_id: str, status: str = "running") -> None:
    """Upload the first files of a run."""
    # The same at each attempt: a server may have stored it and been killed before it answered.
    meta = {"id": run_id, "project": "vision", "name": "resnet", "created_at": created_at(run_id)}
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


def is_ready(url: str) -> bool:
    """Return whether a server is ready."""
    with suppress(requests.RequestException):
        return requests.get(f"{url}/readyz", timeout=30).status_code == 200
    return False
