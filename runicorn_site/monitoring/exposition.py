"""Metrics of this server in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from django.db.models import Count, F, Sum
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from metrics.ingest.schedule import behind
from runicorn._version import __version__
from runicorn.artifacts.store import UPLOADS
from runicorn.artifacts.store import Store as ArtifactStore
from runicorn.upload.queue import RUNS, SENDERS
from runicorn_site.monitoring.requests import BUCKETS, RequestCounts, request_counts
from runicorn_site.web.readable import only_readable
from runs.active_root import active_root
from runs.models import Run

LIMITS = [*(str(limit) for limit in BUCKETS), "+Inf"]


class Requests(Collector):
    def __init__(self, counts: RequestCounts) -> None:
        self.counts = counts

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "runicorn_http_requests", "Answered HTTP requests.", labels=["method", "route", "status"]
        )
        for (method, route, status), count in list(self.counts.requests.items()):
            requests.add_metric([method, route, str(status)], count)
        yield requests
        durations = HistogramMetricFamily(
            "runicorn_http_request_duration_seconds",
            "Seconds from the head of a request to the end of its answer.",
            labels=["method", "route"],
        )
        for (method, route), durations_of_route in list(self.counts.durations.items()):
            buckets = list(zip(LIMITS, map(float, accumulate(durations_of_route.counts)), strict=True))
            durations.add_metric([method, route], buckets, durations_of_route.seconds)
        yield durations
        yield GaugeMetricFamily("runicorn_websockets_open", "Open WebSockets.", self.counts.sockets)


class Store(Collector):
    """Runs of the storage root, and what of them is not in the database or on the server yet."""

    def collect(self) -> Iterator[Metric]:
        root = active_root()
        runs = GaugeMetricFamily("runicorn_runs", "Runs outside the recycle bin.", labels=["status"])
        counted = Run.objects.in_root(root).live().order_by("status").values_list("status")
        for status, count in counted.annotate(Count("pk")):
            runs.add_metric([status], count)
        yield runs
        unread = only_readable(behind(root), "project")
        lag = unread.aggregate(runs=Count("pk"), bytes=Sum(F("journal__size") - F("journal__offset")))
        yield GaugeMetricFamily(
            "runicorn_ingest_lag_bytes",
            "Bytes of metrics that are not in the database yet.",
            lag["bytes"] or 0,
        )
        yield GaugeMetricFamily(
            "runicorn_ingest_lag_runs", "Runs with metrics that are not in the database yet.", lag["runs"]
        )
        yield GaugeMetricFamily(
            "runicorn_artifact_uploads_open",
            "Uploads of artifacts that have begun and not ended.",
            _entries(ArtifactStore(Path(root.path)).path, UPLOADS),
        )
        yield GaugeMetricFamily(
            "runicorn_upload_queue_runs",
            "Runs of this storage root that are being sent to another server.",
            _entries(Path(root.path), f"{SENDERS}/*/{RUNS}"),
        )


def _entries(folder: Path, pattern: str) -> int:
    return sum(1 for _ in folder.glob(f"{pattern}/*"))


def response() -> HttpResponse:
    """Return the metrics of this process and its storage root."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Requests(request_counts))
    registry.register(Store())
    build = Gauge("runicorn_build_info", "Version of the server.", ["version"], registry=registry)
    build.labels(__version__).set(1)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
