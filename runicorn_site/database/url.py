"""Kinds of database URLs. No Django: the command line asks too."""

from __future__ import annotations


def is_postgresql(url: str) -> bool:
    """Return whether a URL is that of a PostgreSQL database."""
    return url.startswith(("postgres://", "postgresql://"))
