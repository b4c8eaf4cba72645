"""The admin site of artifacts; importing it registers the models."""

from __future__ import annotations

from artifacts.admin import site

__all__ = ["site"]
