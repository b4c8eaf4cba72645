"""`GET /metrics`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking


@access(Scope.READ)
@blocking
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer the metrics of this process and its storage root."""
    # prometheus_client loads a web server and TLS, and most viewers are never asked.
    from runicorn_site.monitoring import exposition

    return exposition.response()


monitoring_patterns = [path("metrics", metrics_page, name="prometheus")]
