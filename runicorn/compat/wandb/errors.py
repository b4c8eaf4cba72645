"""Errors of W&B."""

from __future__ import annotations

from runicorn.compat.hollow import names_of


class Error(Exception):
    """Base class."""

    def __init__(self, message: str = "", context: object = None) -> None:
        super().__init__(message)
        self.message = message


class UsageError(Error):
    """A call or an argument is invalid."""


class CommError(Error):
    """A run, an artifact or a file does not exist."""


class AuthenticationError(CommError):
    """Never raised: nothing needs a login."""


class ConfigError(Error):
    """Never raised: a config may be changed."""


__getattr__ = names_of("wandb.errors", "runicorn.compat.wandb")
