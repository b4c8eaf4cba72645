"""Addresses of runs in messages."""

from __future__ import annotations

from urllib.parse import quote

from runicorn.settings import user

_own = ""


def set_own(url: str) -> None:
    """Set the address at which this server listens."""
    global _own
    _own = url if url.startswith(("http://", "https://")) else ""


def run_url(run_id: str) -> str | None:
    """Return the address of a run's page, or None if the server does not know its own."""
    base = user.get("RUNICORN_PUBLIC_URL") or _own
    return f"{base.rstrip('/')}/runs/{quote(run_id, safe='')}" if base else None
