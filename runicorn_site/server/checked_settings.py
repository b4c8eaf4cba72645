"""Settings of the application that are checked before the server listens."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from people.shares.embedding import BadEmbedding, frame_ancestors
from runicorn.settings.user import get


def check_settings() -> None:
    """Check what the application needs once it is imported.

    Raises:
        ImproperlyConfigured: `RUNICORN_MAX_SOCKETS` or `RUNICORN_EMBED_ORIGINS` is malformed.
    """
    most_sockets()
    try:
        frame_ancestors(get("RUNICORN_EMBED_ORIGINS"))
    except BadEmbedding as error:
        raise ImproperlyConfigured(str(error)) from error


def most_sockets() -> int:
    """Return how many sockets of the API a client may have; 0 means no limit.

    Raises:
        ImproperlyConfigured: `RUNICORN_MAX_SOCKETS` is malformed.
    """
    limit = get("RUNICORN_MAX_SOCKETS")
    if not limit.isdecimal():
        raise ImproperlyConfigured("RUNICORN_MAX_SOCKETS must be a whole number; 0 means no limit")
    return int(limit)
