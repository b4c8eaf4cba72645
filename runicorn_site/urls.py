"""URL patterns of the site; the only place that knows the prefix of each app."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, include, path

import alerts.urls
import artifacts.urls
import metrics.urls
import remote.urls
import runs.urls
import samples.urls
from people.options import has_users
from people.shares.api import share_patterns
from runicorn_site import errors
from runicorn_site.api.config import config_patterns
from runicorn_site.api.exchange import exchange_patterns
from runicorn_site.api.index import index_patterns
from runicorn_site.api.openapi import documentation_patterns
from runicorn_site.api.removed_routes import NoSuchRoute, removed_patterns
from runicorn_site.api.system import gpu_telemetry, health_view, status_check, system_monitor
from runicorn_site.assets.views import favicon, static_file
from runicorn_site.documents import pages as documents
from runicorn_site.monitoring.urls import monitoring_patterns
from runicorn_site.pages import (
    demo,
    design,
    exchange,
    markdown,
    mirror,
    settings,
    settings_actions,
    storage,
    store_check,
    system,
    watching,
)
from runicorn_site.palette import views as palette
from runicorn_site.watching.api import watching_patterns
from runicorn_site.web.access import Scope, access

admin.autodiscover()
people_patterns: list[URLPattern] = []
if has_users():
    from people.pages.urls import page_patterns as people_patterns

# The first match wins: `experiments/batch-delete` of the runs before `experiments/<run_id>` of the metrics.
APPS = (runs.urls, metrics.urls, alerts.urls, artifacts.urls, remote.urls, samples.urls)
PAGES = (
    palette,
    system,
    settings,
    settings_actions,
    storage,
    store_check,
    exchange,
    mirror,
    demo,
    design,
    documents,
    markdown,
    watching,
)

urlpatterns = [
    # For people
    *(path("", include(module.page_patterns)) for module in (*APPS, *PAGES)),
    *people_patterns,
    path("", include(documentation_patterns)),
    path("", include(monitoring_patterns)),
    access(Scope.ADMIN, session_only=True)(path("admin/", admin.site.urls)),
    path("favicon.ico", favicon),
    path("static/<path:path>", static_file, name="static-file"),
    # For programs
    *index_patterns,
    *(path("api/v2/", include(module.v2_patterns)) for module in APPS),
    *(path("api/", include(module.api_patterns)) for module in APPS),
    path("api/", include(share_patterns)),
    path("api/", include(watching_patterns)),
    path("api/health", health_view, name="health"),
    path("api/status/check", status_check, name="status-check"),
    path("api/gpu/telemetry", gpu_telemetry, name="gpu-telemetry"),
    path("api/system/monitor", system_monitor, name="system-monitor"),
    path("api/", include(config_patterns)),
    path("api/", include(exchange_patterns)),
    path("api/", include(removed_patterns)),
    path("api/<path:rest>", NoSuchRoute.as_view()),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
