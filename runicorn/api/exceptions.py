"""Errors of the client, importable as in Runicorn 0.5."""

from runicorn.api.errors import *  # noqa: F403
