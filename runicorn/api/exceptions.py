"""Errors of the client, under the module name of Runicorn 0.5."""

from __future__ import annotations

from runicorn.api.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConnectionError,
    NotFoundError,
    RateLimitError,
    RunicornAPIError,
    ServerError,
)

__all__ = [
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "ConnectionError",
    "NotFoundError",
    "RateLimitError",
    "RunicornAPIError",
    "ServerError",
]
