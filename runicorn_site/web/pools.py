"""Decorators that choose the thread pool of a view.

A request runs as a whole on one thread (`runicorn_site.transport.dispatch`). Views without a decorator share a small
pool and must answer from memory and the database.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

View = TypeVar("View")
Pool = Literal["quick", "blocking", "remote"]
ATTRIBUTE = "pool"


def blocking(view: View) -> View:
    """Run a view function or class on the pool for disks and programs that may hang."""
    setattr(view, ATTRIBUTE, "blocking")
    return view


def remote_io(view: View) -> View:
    """Run a view function or class on the pool for remote hosts, which may take seconds to answer."""
    setattr(view, ATTRIBUTE, "remote")
    return view


def pool_of(view: Any) -> Pool:
    """Return the pool that a resolved view function, or the class behind it, was decorated with."""
    for owner in (view, getattr(view, "cls", None), getattr(view, "view_class", None)):
        pool: Pool | None = getattr(owner, ATTRIBUTE, None)
        if pool is not None:
            return pool
    return "quick"
