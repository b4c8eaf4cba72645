"""`/healthz`, `/readyz` and `/metrics`, as orchestrators and Prometheus ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Viewer
from tests.waiting import until

PROBES = [("/healthz", "ok\n"), ("/readyz", "ready\n")]


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the samples of an exposition by name and values of labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(("path", "answer"), PROBES)
def test_a_probe_needs_no_token_and_no_known_host(
    start_viewer: Callable[..., Viewer], path: str, answer: str
) -> None:
    viewer = start_viewer(RUNICORN_TOKEN="auto")
    assert viewer.get("/api/health").status_code == 401
    for headers in ({}, {"Host": "pod-7.cluster.local"}, {"X-Forwarded-For": "10.0.0.1"}):
        for address in (path, f"{path}/"):
            response = viewer.get(address, headers=headers)
            assert (response.status_code, response.text) == (200, answer)
            assert response.headers["Cache-Control"] == "no-store"
    assert requests.head(viewer.url + path, timeout=30).headers["Content-Length"] == str(len(answer))
    assert requests.post(viewer.url + path, timeout=30).status_code in (401, 405)
    assert viewer.get("/metrics").status_code == 401


def test_a_viewer_without_its_storage_root_is_alive_and_not_ready(
    start_viewer: Callable[..., Viewer], folder: Path
) -> None:
    viewer = start_viewer()
    moved = folder.rename(folder.with_name("moved"))
    response = viewer.get("/readyz")
    assert (response.status_code, response.text) == (503, "The storage root cannot be read.\n")
    assert viewer.get("/healthz").status_code == 200
    moved.rename(folder)
    assert until(lambda: viewer.get("/readyz").status_code == 200)


def test_figures_count_requests_runs_and_metrics_to_read(
    start_viewer: Callable[..., Viewer], folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    viewer = start_viewer()
    until(lambda: viewer.get(f"/api/runs/{run_id}/metrics").json()["total"] == 1)
    before = samples(viewer.get("/metrics").text)
    for _ in range(3):
        viewer.get("/api/health")
    viewer.get("/no/such/page")
    viewer.get("/api/health", headers={"Host": "evil.example"})
    answer = viewer.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    after = samples(answer.text)

    def added(name: str, *labels: str) -> float:
        return after[name, labels] - before.get((name, labels), 0.0)

    assert added("runicorn_http_requests_total", "GET", "/api/health", "200") == 3
    assert added("runicorn_http_requests_total", "GET", "/api/health", "403") == 1
    assert added("runicorn_http_requests_total", "GET", "", "404") == 1
    assert added("runicorn_http_request_duration_seconds_count", "GET", "/api/health") == 4
    assert after["runicorn_runs", ("finished",)] == 1
    assert after["runicorn_ingest_lag_bytes", ()] == 0 == after["runicorn_websockets_open", ()]
    assert after["process_resident_memory_bytes", ()] > 1e6
