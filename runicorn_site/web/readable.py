"""Projects that the sender of a request may read.

Every query for runs, and for what belongs to runs, is filtered by `current()`, and every look-up by an id checks it: a
run of another project is answered like a missing one. Outside of requests, and on a viewer without users,
everything may be read, and queries are unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True)
class Readable:
    """A set of projects.

    Attributes:
        names: projects.
        are_only: whether only these may be read, or all others.
    """

    names: frozenset[str] = frozenset()
    are_only: bool = False

    def __contains__(self, project: str) -> bool:
        return (project in self.names) == self.are_only

    @property
    def is_everything(self) -> bool:
        """Whether no project is hidden."""
        return not self.are_only and not self.names

    def condition(self, field: str) -> Q:
        """Return the condition that the project in a field may be read."""
        in_names = Q(**{f"{field}__in": sorted(self.names)})
        return in_names if self.are_only else ~in_names


EVERYTHING = Readable()
_current: ContextVar[Readable] = ContextVar("readable", default=EVERYTHING)


def current() -> Readable:
    """Return the projects that the sender of the current request may read."""
    return _current.get()


def restrict(readable: Readable) -> None:
    """Set what the sender of the current request may read, for the task that answers it and its threads."""
    _current.set(readable)


@contextmanager
def unrestricted() -> Iterator[None]:
    """Read everything, to derive rows from files: they are the same for all readers."""
    token = _current.set(EVERYTHING)
    try:
        yield
    finally:
        _current.reset(token)


def only_readable(rows: Rows, project: str) -> Rows:
    """Keep the rows whose project, in this field, may be read."""
    readable = current()
    return rows if readable.is_everything else rows.filter(readable.condition(project))
