"""Kinds of database URLs. No Django, for the command line."""

from __future__ import annotations


def is_postgresql(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
