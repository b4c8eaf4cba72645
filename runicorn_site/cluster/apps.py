from __future__ import annotations

from django.apps import AppConfig


class ClusterConfig(AppConfig):
    name = "runicorn_site.cluster"
    label = "cluster"
    default_auto_field = "django.db.models.BigAutoField"
