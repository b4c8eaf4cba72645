"""`mlflow.tracking`: the client, and names of the top module."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of
from runicorn.compat.mlflow.client import MlflowClient

__all__ = ["MlflowClient"]
__getattr__ = names_of("mlflow.tracking", "runicorn.compat.mlflow")
