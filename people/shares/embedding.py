"""Sites whose pages may embed shared pages."""

from __future__ import annotations

import re

ORIGIN = re.compile(r"https?://[A-Za-z0-9.*-]+(?::(?:[0-9]{1,5}|\*))?|'self'|\*")


class BadEmbedding(ValueError):
    """`RUNICORN_EMBED_ORIGINS` is malformed."""


def frame_ancestors(setting: str) -> str:
    """Return the origins whose pages may embed shared pages, for the header, "" for none."""
    origins = [origin for origin in re.split(r"[\s,]+", setting) if origin]
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise BadEmbedding(
                f"RUNICORN_EMBED_ORIGINS must name origins such as https://wiki.example.org, not {origin!r}"
            )
    return " ".join(origins)
