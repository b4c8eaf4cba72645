"""`mlflow.utils`."""

from __future__ import annotations

from runicorn.compat.mlflow.utils import validation

__all__ = ["validation"]
