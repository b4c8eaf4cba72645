"""The map of the site. Apps lend their patterns; which prefix each stands under is said here and nowhere else."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import artifacts.urls
import metrics.urls
import remote.urls
import runs.urls
from runicorn_site import errors
from runicorn_site.api.config import config_patterns
from runicorn_site.api.exchange import exchange_patterns
from runicorn_site.api.index import index_patterns
from runicorn_site.api.openapi import documentation_patterns
from runicorn_site.api.retired import NoSuchRoute, retired_patterns
from runicorn_site.api.system import GpuTelemetry, Health, StatusCheck, SystemMonitor
from runicorn_site.assets.views import static_file
from runicorn_site.pages.exchange import page_patterns as exchange_pages
from runicorn_site.pages.mirror import page_patterns as mirror_patterns
from runicorn_site.pages.settings import page_patterns as settings_patterns
from runicorn_site.pages.storage import page_patterns as space_patterns
from runicorn_site.pages.store_check import page_patterns as check_patterns
from runicorn_site.pages.system import page_patterns

# The first that fits answers: `experiments/batch-delete` of the runs before `experiments/<run_id>` of the metrics.
APPS = (runs.urls, metrics.urls, artifacts.urls, remote.urls)

SAFE = ["get", "head"]

urlpatterns = [
    # For people
    *(path("", include(module.page_patterns)) for module in APPS),
    path("", include(page_patterns)),
    path("", include(settings_patterns)),
    path("", include(space_patterns)),
    path("", include(check_patterns)),
    path("", include(exchange_pages)),
    path("", include(mirror_patterns)),
    path("", include(documentation_patterns)),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url="/static/img/favicon.svg", http_method_names=SAFE)),
    path("static/<path:path>", static_file, name="static-file"),
    # For programs
    *index_patterns,
    *(path("api/v2/", include(module.v2_patterns)) for module in APPS),
    *(path("api/", include(module.api_patterns)) for module in APPS),
    path("api/health", Health.as_view(), name="health"),
    path("api/status/check", StatusCheck.as_view(), name="status-check"),
    path("api/gpu/telemetry", GpuTelemetry.as_view(), name="gpu-telemetry"),
    path("api/system/monitor", SystemMonitor.as_view(), name="system-monitor"),
    path("api/", include(config_patterns)),
    path("api/", include(exchange_patterns)),
    path("api/", include(retired_patterns)),
    path("api/<path:rest>", NoSuchRoute.as_view()),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
