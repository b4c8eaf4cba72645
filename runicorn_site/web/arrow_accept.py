"""Recognition of requests for Arrow."""

from __future__ import annotations

MEDIA_TYPE = "application/vnd.apache.arrow.stream"


def is_asked_for(accept: str) -> bool:
    """Return whether an `Accept` header names Arrow."""
    return MEDIA_TYPE in accept
