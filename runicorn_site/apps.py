from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The project package as an application, for its management commands and its part of the admin site."""

    name = "runicorn_site"
    label = "site"
    verbose_name = "Runicorn"
