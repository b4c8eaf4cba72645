"""Kinds of database URLs. No Django: the command line asks too."""

from __future__ import annotations


def is_postgresql(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
