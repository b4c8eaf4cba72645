"""Errors of MLflow."""

from __future__ import annotations

from typing import Any


class MlflowException(Exception):
    """A call is not possible in the current state, or something does not exist."""

    def __init__(self, message: str = "", error_code: Any = 1, **options: Any) -> None:
        super().__init__(message)
        self.message, self.error_code = message, error_code
