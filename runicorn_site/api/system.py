"""Routes about the server and its machine: health, the check of processes, GPU and system figures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.query import series
from runicorn._version import __version__
from runicorn_site.api import schemas, system_stats
from runicorn_site.database.monitor import monitor
from runicorn_site.web.pools import blocking
from runs.active_root import active_root
from runs.models import StorageRoot
from runs.services.dead_runs import check_processes


class Health(APIView):
    """Whether the server is well, and what it is made of."""

    @extend_schema(responses={200: schemas.Health})
    def get(self, request: Request) -> Response:
        """`status` is "ok", or "degraded" with the reason in `problem`; `cache` is that of `/metrics/cache/stats`.

        503 when the database does not answer.
        """
        problem = database_problem()
        return Response(
            {
                "status": "degraded" if problem else "ok",
                "version": __version__,
                "timestamp": time.time(),
                "storage": active_root().path,
                "database": {"vendor": connection.vendor, "version": database_version()},
                "cache": series.cache_stats(),
            }
            | ({"problem": problem} if problem else {})
        )


class StatusCheck(APIView):
    """Looks for runs that say `running` and whose process is gone."""

    @extend_schema(request=None, responses={200: schemas.Checked})
    def post(self, request: Request) -> Response:
        """Apply the rule for dead processes to every running run now."""
        checked, updated = check_processes(active_root())
        message = f"Checked {checked} running experiments, updated {updated} statuses"
        return Response({"checked": checked, "updated": updated, "message": message})


@blocking
class GpuTelemetry(APIView):
    """Load, memory, temperature and power of each NVIDIA GPU."""

    @extend_schema(responses={200: schemas.Gpus})
    def get(self, request: Request) -> Response:
        """What `nvidia-smi` says, or why it says nothing."""
        return Response(system_stats.gpus())


# the disk may be a network file system that does not answer
@blocking
class SystemMonitor(APIView):
    """Processor, memory and disk of the server's machine."""

    @extend_schema(responses={200: schemas.Monitor})
    def get(self, request: Request) -> Response:
        """Figures since the last call; the first one may answer percentages of 0."""
        return Response(system_stats.monitor(Path(active_root().path)))


def database_problem() -> str:
    """Ask the database something, and return what is wrong with it as a sentence; "" when nothing is.

    Raises:
        django.db.Error: it does not answer, for a reason that preparing it again does not remove.
    """
    try:
        StorageRoot.objects.filter(pk=active_root().pk).exists()
    except DatabaseError:
        if not monitor.problem:
            raise
    return monitor.problem


def database_version() -> str:
    """The version of the database's program."""
    version: Any = connection.get_database_version()
    return ".".join(str(part) for part in version)
