from __future__ import annotations

import errno
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn._version import __version__
from runicorn_site.api import system_stats
from runicorn_site.api.removed_routes import SUCCESSORS

SMI = """#!/bin/sh
echo '0, NVIDIA A100, 37, 5, 40960, 20480, 61, 250.12, 400.00, 1410, 1215, P0, [N/A]'
echo '1, Odd "name", [N/A], [Not Supported], 0, 0, 30, [N/A], 400.00, 210, 405, P8, 30'
"""


def put_on_path(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `nvidia-smi` be this script."""
    file = tmp_path / "nvidia-smi"
    file.write_text(program)
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")


def test_health_has_its_documented_fields(store: Path, api: APIClient) -> None:
    before = time.time()
    health = api.get("/api/health").json()
    assert health.keys() == {"status", "version", "timestamp", "storage", "database", "cache"}
    assert (health["status"], health["version"], health["storage"]) == ("ok", __version__, str(store))
    assert before <= health["timestamp"] <= time.time()
    assert health["database"]["vendor"] == "sqlite"
    assert health["database"]["version"].startswith("3.")
    assert {"size", "max_size", "hits", "misses", "hit_rate"} <= health["cache"].keys()


def test_the_api_answers_an_index_of_its_routes(store: Path, api: APIClient) -> None:
    everything, second = api.get("/api").json(), api.get("/api/v2").json()
    assert everything["version"] == __version__
    for address in (everything["documentation"], everything["openapi"]):
        assert api.get(address).status_code == 200
    routes = {(route["method"], route["path"]) for route in everything["routes"]}
    assert {("GET", "/api/health"), ("GET", "/api/v2/series"), ("POST", "/api/status/check")} <= routes
    assert {(route["method"], route["path"]) for route in second["routes"]} == {
        (method, path) for method, path in routes if f"{path}/".startswith("/api/v2/")
    }


def test_processes_are_checked_on_demand(store: Path, api: APIClient) -> None:
    assert api.post("/api/status/check").json() == {
        "checked": 0,
        "updated": 0,
        "message": "Checked 0 running experiments, updated 0 statuses",
    }


def test_the_monitor_never_waits(store: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    figures = [api.get("/api/system/monitor").json() for _ in range(3)][-1]
    assert figures["available"] is True
    assert len(figures["cpu"]["per_core"]) == figures["cpu"]["logical_count"]
    assert 0 <= figures["cpu"]["percent"] <= 100
    assert figures["memory"]["total"] > figures["memory"]["available"] > 0
    assert figures["disk"]["path"] == str(store)
    assert figures["platform"].keys() == {"system", "release", "machine"}


def test_a_missing_gpu_is_reported(api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert api.get("/api/gpu/telemetry").json() == {
        "available": False,
        "reason": "nvidia-smi not found in PATH",
    }


def test_the_output_of_nvidia_smi_becomes_numbers(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_on_path(SMI, tmp_path, monkeypatch)
    answer = api.get("/api/gpu/telemetry").json()
    assert answer["available"] is True
    first, second = answer["gpus"]
    assert first == {
        "index": 0,
        "name": "NVIDIA A100",
        "util_gpu": 37.0,
        "util_mem": 5.0,
        "mem_total_mib": 40960.0,
        "mem_used_mib": 20480.0,
        "mem_used_pct": 50.0,
        "temp_c": 61.0,
        "power_w": 250.12,
        "power_limit_w": 400.0,
        "clock_sm_mhz": 1410.0,
        "clock_mem_mhz": 1215.0,
        "pstate": "P0",
        "fan_speed_pct": None,
    }
    assert (second["util_gpu"], second["util_mem"], second["mem_used_pct"]) == (None, None, None)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("#!/bin/sh\necho No devices >&2; exit 9\n", "nvidia-smi failed: No devices"),
        ("not a program", "nvidia-smi failed: "),
        ("#!/bin/sh\nexec sleep 30\n", "nvidia-smi did not answer within 0.1 s"),
    ],
)
def test_a_program_that_fails_or_hangs_is_no_error(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, reason: str
) -> None:
    if "sleep" in program:
        monkeypatch.setattr(system_stats, "NVIDIA_SECONDS", 0.1)
    put_on_path(program, tmp_path, monkeypatch)
    answer = api.get("/api/gpu/telemetry")
    assert answer.status_code == 200
    assert answer.json()["available"] is False
    assert answer.json()["reason"].startswith(reason)


@pytest.mark.django_db
def test_retired_routes_name_their_successor(subtests: pytest.Subtests) -> None:
    for method in ["get", "post", "delete"]:
        for old in [*SUCCESSORS, "unified/unheard-of", "ssh", "ssh/mirror/start/"]:
            with subtests.test(old=old, method=method):
                answer = getattr(Client(), method)(f"/api/{old}")
                assert answer.status_code == 410
                bare = old.rstrip("/")
                assert answer.json()["detail"] == (
                    f"/api/{bare} was replaced by /api/{SUCCESSORS.get(bare, 'remote/status')}"
                )


def test_the_cpu_load_is_the_same_for_every_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = namedtuple("times", "user idle iowait guest")
    readings = iter([times(30, 60, 10, 30), times(50, 140, 10, 30)])
    monkeypatch.setattr(system_stats.psutil, "cpu_times", lambda percpu: [next(readings)])
    monkeypatch.setattr(system_stats, "FRESH_SECONDS", -1.0)
    meter = system_stats.CpuMeter()
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        assert first.submit(meter.read).result() == [30.0]  # what a guest took is told twice
        assert second.submit(meter.read).result() == [20.0]


def test_a_system_without_a_load_average_prevents_no_start(
    store: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = namedtuple("times", "user idle iowait guest")
    readings: list[object] = []

    def cpu_times(percpu: bool) -> object:
        if not readings:
            raise PermissionError(errno.EACCES, "no", "/proc/stat")
        return [readings.pop()]

    monkeypatch.setattr(system_stats.psutil, "cpu_times", cpu_times)
    monkeypatch.setattr(system_stats, "FRESH_SECONDS", -1.0)
    meter = system_stats.CpuMeter()
    monkeypatch.setattr(system_stats, "cpu_meter", meter)
    answer = api.get("/api/system/monitor")
    assert answer.status_code == 200
    assert (answer.json()["cpu"]["percent"], answer.json()["cpu"]["per_core"]) == (0.0, [])
    readings += [times(30, 70, 0, 0), times(0, 0, 0, 0)]
    assert (meter.read(), meter.read()) == ([], [30.0])
