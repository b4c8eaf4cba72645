"""`mlflow.utils`."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of
from runicorn.compat.mlflow.utils import validation

__all__ = ["validation"]


__getattr__ = names_of("mlflow.utils", "runicorn.compat.mlflow")
