from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn_site.security.rates.counters import CounterCache
from runicorn_site.security.rates.rate_table import Limit, Rates, read
from tests.processes import Viewer
from tests.waiting import until


@pytest.mark.parametrize(
    ("method", "path", "requests"),
    [
        ("GET", "/api/runs", 100),
        ("HEAD", "/api/runs", 100),
        ("GET", "/api/runs/20250101_000000_abcdef", 60),
        ("GET", "/api/runs/20250101_000000_abcdef/metrics", 60),
        ("POST", "/api/runs/soft-delete", 20),
        ("POST", "/api/recycle-bin/restore", 20),
        ("POST", "/api/recycle-bin/empty", 5),
        ("PUT", "/api/runs/x/files/media/a.png", 6000),
        ("GET", "/api/v2/experiments", 100),
        ("GET", "/api/v2/experiments/x", 200),
        ("GET", "/api/v2/experiments/x/metrics/fast", 100),
        ("GET", "/api/v2/experiments/x/series", 100),
        ("GET", "/api/v2/series", 100),
        ("POST", "/api/v2/experiments/batch-delete", 10),
        ("POST", "/api/config/user_root_dir", 10),
        ("GET", "/api/config/ssh_connections", 60),
        ("POST", "/api/config/ssh_connections", 20),
        ("DELETE", "/api/config/ssh_connections/a@b:22@a", 20),
        ("POST", "/api/remote/connect", 5),
        ("GET", "/api/whatever", 60),
    ],
)
def test_each_route_has_its_limit(method: str, path: str, requests: int) -> None:
    assert Rates().limit(method, path) == Limit(requests, 60)


def test_the_file_of_earlier_versions_is_understood() -> None:
    rates, problems = read(
        {
            "default": {"max_requests": 6000, "window_seconds": 30, "burst_size": None, "description": "x"},
            "endpoints": {
                "/api/runs": {"max_requests": 7},
                "/api/runs/{id}/metrics": {"max_requests": 8, "burst_size": 2},
                "POST /api/runs": {"max_requests": 9},
            },
            "settings": {"enable_rate_limiting": False, "whitelist_localhost": True, "custom_headers": {}},
        }
    )
    assert problems == []
    assert (rates.enabled, rates.spare_localhost) == (False, True)
    assert rates.limit("GET", "/api/projects") == Limit(6000, 30)
    assert rates.limit("GET", "/api/runs/x") == Limit(7)
    assert rates.limit("POST", "/api/runs/tags") == Limit(9)
    assert rates.limit("POST", "/api/runs/x/metrics") == Limit(8, burst=2)
    assert rates.limit("GET", "/api/runsxyz") == Limit(6000, 30)


@pytest.mark.parametrize(
    "content",
    [
        {"default": {"max_requests": 0}},
        {"default": 5},
        {"endpoints": {"/api/runs": {"max_requests": "many"}}},
        {"endpoints": []},
        {"settings": 1},
        {"endpoints": {"/api/runs": {"max_requests": True}}},
    ],
)
def test_an_entry_that_makes_no_sense_changes_nothing_and_is_named(content: dict[str, object]) -> None:
    rates, problems = read(content)
    assert rates == Rates()
    assert len(problems) == 1


@pytest.mark.django_db
def test_headers_count_down_and_then_it_is_429(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.cache import caches

    caches["ratelimit"].clear()
    now = time.time()  # the minute, which begins when it likes, does not end in the middle
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: now))
    path = "/api/unified/connect"
    answers = [api.get(path, REMOTE_ADDR="10.0.0.1") for _ in range(61)]
    assert [answer["X-RateLimit-Limit"] for answer in answers] == ["60"] * 61
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == [*map(str, range(59, -1, -1)), "0"]
    assert {answer.status_code for answer in answers[:60]} == {410}
    last = answers[-1]
    assert last.status_code == 429
    assert last.json() == {"detail": "Rate limit exceeded", "retry_after": int(last["Retry-After"])}
    assert 1 <= int(last["Retry-After"]) <= 60
    assert int(last["X-RateLimit-Reset"]) <= 60
    assert api.get(path, REMOTE_ADDR="10.0.0.2").status_code == 410
    assert api.post(path, REMOTE_ADDR="10.0.0.1").status_code == 410
    assert api.get("/api/ssh/connect", REMOTE_ADDR="10.0.0.1").status_code == 410
    assert api.get(path, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="10.9.9.9").status_code == 429
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    off = api.get(path, REMOTE_ADDR="10.0.0.1")
    assert (off.status_code, off["X-RateLimit-Remaining"]) == (410, "60")


@pytest.mark.django_db
def test_a_client_that_goes_on_is_logged_once(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.core.cache import caches

    caches["ratelimit"].clear()
    clock = SimpleNamespace(now=1_800_000_000)
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: clock.now))
    for _ in range(2):
        for _ in range(90):
            api.get("/api/unified/connect", REMOTE_ADDR="10.0.0.4")
        clock.now += 120
    sentences = [record.getMessage() for record in caplog.records if "too often" in record.getMessage()]
    assert sentences == ["10.0.0.4 asks /api/unified/connect too often"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("fraction", [0.0, 0.001, 0.999])
def test_a_client_that_waits_as_long_as_the_headers_say_is_served(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, fraction: float
) -> None:
    from django.core.cache import caches

    caches["ratelimit"].clear()
    clock = SimpleNamespace(now=1_800_000_000 + fraction)
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: clock.now))

    def ask() -> Any:
        return api.get("/api/unified/connect", REMOTE_ADDR="10.0.0.3")

    for header in ("Retry-After", "X-RateLimit-Reset"):
        refused = next(answer for answer in (ask() for _ in range(61)) if answer.status_code == 429)
        assert 1 <= int(refused[header]) <= 60
        clock.now += int(refused[header])
        assert ask().status_code == 410


def test_pages_have_no_limit_and_no_headers(plain: Viewer) -> None:
    for path in ("/openapi.json", "/nothing", "/static/nothing"):
        assert "X-RateLimit-Limit" not in plain.get(path).headers


def test_a_change_of_the_file_counts_at_once(start_viewer: Callable[..., Viewer], home: Path) -> None:
    viewer = start_viewer()
    file = home / "config" / "rate_limits.json"

    def limit() -> str:
        return viewer.get("/api/unified/status").headers["X-RateLimit-Limit"]

    def write(content: object) -> None:
        file.write_text(json.dumps(content), encoding="utf-8")

    assert limit() == "60"
    write({"endpoints": {"/api/unified": {"max_requests": 1000, "burst_size": 1}}})
    until(lambda: limit() == "1000", pause=0.1)
    statuses = {viewer.get("/api/unified/status").status_code for _ in range(10)}
    assert 429 in statuses
    file.write_text("{", encoding="utf-8")
    until(lambda: limit() == "60", pause=0.1)
    file.unlink()
    write({"settings": {"enable_rate_limiting": False}})
    until(lambda: [viewer.get("/api/unified/x").headers["X-RateLimit-Remaining"] for _ in "ab"] == ["60"] * 2)


def test_counters_that_are_over_are_forgotten() -> None:
    cache = CounterCache("swept", {"OPTIONS": {"MAX_ENTRIES": 1000}})
    cache.add("over", 1, timeout=0.001)
    cache.add("kept", 1, timeout=100)
    cache.add("past", 1, timeout=-1)
    until(lambda: cache.sweep() or len(cache._cache) == 1)
    assert cache.get("kept") == 1
