"""The application as a server runs it, from the wire inwards."""

from __future__ import annotations

from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.urls import re_path

django.setup(set_prefix=False)

from metrics.live.urls import websocket_patterns as metric_sockets  # noqa: E402
from runicorn.settings.user import get  # noqa: E402
from runicorn_site.monitoring.probes import Probes  # noqa: E402
from runicorn_site.monitoring.readiness import readiness_problem  # noqa: E402
from runicorn_site.monitoring.requests import CountRequests  # noqa: E402
from runicorn_site.security.guard import Guard, Policy  # noqa: E402
from runicorn_site.security.rates.socket_limit import SocketLimit, nowhere  # noqa: E402
from runicorn_site.server.hosted import Hosted  # noqa: E402
from runicorn_site.shares.links import BadEmbedding, SharedLinks  # noqa: E402
from runicorn_site.transport.backpressure import BackPressure  # noqa: E402
from runicorn_site.transport.dispatch import OneHop  # noqa: E402
from runicorn_site.transport.mount import Mount  # noqa: E402
from runs.live.backpressure import SocketFlow  # noqa: E402
from runs.live.urls import websocket_patterns as run_sockets  # noqa: E402


def build(policy: Policy) -> Any:
    """The whole application.

    Raises:
        ImproperlyConfigured: `RUNICORN_MAX_SOCKETS` is no number, or `RUNICORN_EMBED_ORIGINS` names no origins.
    """
    limit = get("RUNICORN_MAX_SOCKETS")
    if not limit.isdecimal():
        raise ImproperlyConfigured("RUNICORN_MAX_SOCKETS must be a whole number; 0 means no limit")
    router = URLRouter([*run_sockets, *metric_sockets, re_path("", nowhere)])  # type: ignore[arg-type]
    sockets = SocketLimit(router, limit=int(limit))
    routes = ProtocolTypeRouter({"http": OneHop(), "websocket": sockets})
    guard: Any = Guard(routes, policy)
    if policy.people is not None:
        from runicorn_site.people.changes import Recorder

        guard = Recorder(guard)
    try:
        shared = SharedLinks(guard, routes, policy)
    except BadEmbedding as error:
        raise ImproperlyConfigured(str(error)) from error
    guarded: Any = Probes(CountRequests(shared), readiness_problem)
    mounted = Mount(guarded, policy.forwarding) if policy.forwarding else guarded
    return SocketFlow(BackPressure(mounted))


application = Hosted(build)
