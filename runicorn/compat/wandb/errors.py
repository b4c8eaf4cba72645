"""Errors of W&B."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of


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
    """A value of the config was changed without `allow_val_change`."""


class TrialStopped(SystemExit):
    """Early stopping of a run of a sweep: it ends the program with 0, or the function of an agent."""


__getattr__ = names_of("wandb.errors", "runicorn.compat.wandb")
