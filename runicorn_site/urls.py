"""The map of the site. Apps lend their patterns; which prefix each stands under is said here and nowhere else."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

modules = [import_module(f"{app}.urls") for app in ("runs", "metrics") if find_spec(f"{app}.urls")]

urlpatterns = [
    path("admin/", admin.site.urls),
    *(path("api/v2/", include(module.v2_patterns)) for module in modules),
    *(path("api/", include(module.api_patterns)) for module in modules),
    *(path("", include(module.page_patterns)) for module in modules),
]
