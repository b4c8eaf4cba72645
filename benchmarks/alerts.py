"""Alerts: ingest with 100 rules against ingest without any, and the time from `log()` to a message at a webhook.

Usage: python -m benchmarks.alerts [steps]
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import requests

import runicorn as rn
from benchmarks.support.journals import link_run
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import alternating, line, percentile, use_store, viewer, workplace
from runicorn.store.journal.checksums import seal

RATIO, SECONDS = 1.1, 3.0
METRICS = [f"metric/{i}" for i in range(5)]
RUNS, ALERTS = 4, 10
"""More alerts of one run would be delivered together."""
LIMITS = itertools.count(60)


def rules() -> list[dict[str, Any]]:
    """Return 100 conditions of all kinds that judge points, 20 for each metric; none of them fires."""
    kinds: list[dict[str, Any]] = [
        *({"kind": "threshold", "op": ">", "value": 2.0 + i, "points": 1 + i % 3} for i in range(8)),
        *({"kind": "threshold", "op": "<", "value": -1.0 - i} for i in range(6)),
        *({"kind": "nan"} for _ in range(2)),
        *({"kind": "plateau", "points": 10**9} for _ in range(2)),
        *({"kind": "spike", "z": 50.0 + i} for i in range(2)),
    ]
    return [kind | {"metric": name} for name in METRICS for kind in kinds]


def ingest_ratio(steps: int) -> float:
    """Return the time of an ingest with 100 rules as a multiple of that without."""
    with workplace() as (root, home):
        use_store(root, home)
        from alerts import services
        from alerts.judging import rule_set
        from alerts.models import AlertEvent, AlertMemory, AlertRule

        for number, when in enumerate(rules()):
            services.save_rule({"name": f"rule {number}", "when": when})
        journal = prepare(root, steps)

        def with_rules(enabled: bool) -> float:
            AlertRule.objects.update(enabled=enabled, changed_at=0.0)
            rule_set.forget()
            return ingest(root, journal)

        measured = alternating(
            {"without rules": lambda: with_rules(False), "with 100 rules": lambda: with_rules(True)}
        )
        assert not AlertEvent.objects.exists() and AlertMemory.objects.exists()
    for what, seconds in measured.items():
        line(f"journal to committed tiles, {what}", seconds, "s")
    return measured["with 100 rules"] / measured["without rules"]


def prepare(root: Path, steps: int) -> Path:
    """Write a journal of a training that ends now: older points would be skipped."""
    random, path = Random(7), root / "journal.jsonl"
    now = time.time() - steps * 0.002
    with path.open("wb", buffering=1024 * 1024) as journal:
        for step in range(1, steps + 1):
            data = {name: random.random() for name in METRICS} | {
                "global_step": step,
                "time": now + step * 0.002,
            }
            journal.write(seal(json.dumps({"ts": data["time"], "type": "metrics", "data": data}).encode()))
    return path


def ingest(root: Path, journal: Path) -> float:
    """Return the seconds of processor time to ingest the journal as a new run; waiting for the disk is the same for both."""
    from metrics.ingest.catch_up import catch_up

    run = link_run(root, journal)
    gc.collect()
    began = time.process_time()
    assert catch_up(run, wait=3600) == 0
    return time.process_time() - began


class Webhook:
    """A receiver on loopback that notes when a value arrived."""

    def __init__(self) -> None:
        arrived = self.arrived = threading.Condition()
        times = self.times = dict[float, float]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()
                with arrived:
                    for event in body.get("events", [body]):
                        times.setdefault(event["value"], time.perf_counter())
                    arrived.notify_all()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def wait_for(self, value: float) -> float:
        """Return when the message about a value arrived, by `time.perf_counter()`."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: value in self.times, timeout=60), f"{value} never came"
            return self.times[value]


def delays(server: Viewer, webhook: Webhook) -> list[float]:
    """Return the seconds from a `log()` that crosses a threshold to the message."""
    channel = requests.post(
        f"{server.url}/api/v2/alerts/channels", json={"name": "c", "url": webhook.url}, timeout=30
    ).json()["id"]
    when = {"kind": "threshold", "metric": "loss", "op": ">", "value": 50.0}
    body = {"name": "r", "when": when, "channels": [channel]}
    assert requests.post(f"{server.url}/api/v2/alerts/rules", json=body, timeout=30).status_code == 201
    seconds = []
    for _ in range(RUNS):
        with rn.init(
            "bench", "alerts", storage=str(server.root), system_metrics=False, capture_env=False
        ) as run:
            for _ in range(ALERTS):
                value = float(next(LIMITS))
                time.sleep(Random(value).random())
                began = time.perf_counter()
                run.log({"loss": value})
                seconds.append(webhook.wait_for(value) - began)
                # The recovery is a message too, and the next episode begins after it.
                run.log({"loss": value / 1000})
                webhook.wait_for(value / 1000)
    return seconds


def main(steps: int) -> bool:
    within_limits = line("ingest with 100 rules against without", ingest_ratio(steps), "x", RATIO)
    with workplace() as (root, home), viewer(root, home) as server:
        seconds = delays(server, Webhook())
    line("log() to message at a webhook, p50", percentile(seconds, 0.5), "s")
    return (
        line("log() to message at a webhook, p95", percentile(seconds, 0.95), "s", SECONDS) and within_limits
    )


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000))
