"""`mlflow.tracking.context`: tags that describe the environment of a run, which our environment file has."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of
from runicorn.compat.mlflow.tracking.context.registry import resolve_tags

__all__ = ["resolve_tags"]
__getattr__ = names_of("mlflow.tracking.context", "runicorn.compat.mlflow")
