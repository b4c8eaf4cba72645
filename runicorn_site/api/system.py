"""Routes about the server and its machine: health, process check, GPU and system statistics."""

from __future__ import annotations

from pathlib import Path

from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.api.responses import system as responses
from runicorn_site.monitoring.health import health
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.services.dead_runs import check_processes


@route("GET", scope=Scope.READ, returns=responses.Health)
def health_view(request: Request) -> Response:
    """Return `status` "ok", or "degraded" with the reason in `problem`; `cache` as of `/metrics/cache/stats`.

    503 when the database does not answer.
    """
    return Response(health())


@route("POST", scope=Scope.CURATE, returns=responses.CheckedProcesses, request=None)
def status_check(request: Request) -> Response:
    """Mark running runs whose process is gone as failed."""
    checked, updated = check_processes(active_root())
    message = f"Checked {checked} running experiments, updated {updated} statuses"
    return Response(responses.CheckedProcesses(checked=checked, updated=updated, message=message))


@blocking
@route("GET", scope=Scope.READ, returns=responses.Gpus)
def gpu_telemetry(request: Request) -> Response:
    """Return the statistics of `nvidia-smi`, or the reason if they are unavailable."""
    from runicorn_site.api import system_stats

    return Response(system_stats.gpus())


# The disk may be a network file system that does not respond.
@blocking
@route("GET", scope=Scope.READ, returns=responses.Monitor)
def system_monitor(request: Request) -> Response:
    """Return statistics since the last call; those of CPUs in the first one are since the machine started."""
    from runicorn_site.api import system_stats

    return Response(system_stats.monitor(Path(active_root().path)))
